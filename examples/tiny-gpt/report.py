"""Puts the measured numbers of a training log into README.md, between its markers."""

from pathlib import Path


def shown(value: float | str | None, digits: int = 3) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    return f"{value:.{digits}g}"


def loss(value: float | str | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) and value < 1000 else shown(value)


def percent(value: float) -> str:
    return f"{100 * value:.{1 if value >= 0.001 else 2}f} %"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def variants_table(checkpoints: dict) -> str:
    rows = []
    for name, entry in checkpoints.items():
        if name.startswith("diverge"):
            continue
        after = entry["loss_after"]
        change = entry.get("change_from_base", {})
        rows.append(
            [
                f"`{name}`",
                entry["about"],
                entry.get("text", "-"),
                str(entry.get("steps", "-")),
                shown(entry.get("lr")),
                loss(after.get("tales")),
                loss(after.get("answers", after.get("answers_with_markers"))),
                shown(change.get("relative_change")),
                percent(change["changed_fraction"]) if change else "-",
            ]
        )
    header = [
        "checkpoint",
        "how",
        "text",
        "steps",
        "lr",
        "loss, tales",
        "loss, answers",
        "R",
        "changed",
    ]
    return table(header, rows)


def changes_by_place(changes: dict[str, dict]) -> str:
    """One row for each run from one base: the columns are the groups and blocks that it has."""
    header: list[str] = []
    rows = []
    for name, change in changes.items():
        groups, blocks = change["by_group"], change["by_block"]
        header = ["checkpoint", *groups, *(f"block {index}" for index in range(len(blocks)))]
        rows.append([f"`{name}`", *map(shown, groups.values()), *map(shown, blocks)])
    return table(["head" if column == "lm_head" else column for column in header], rows)


def changes_of(checkpoints: dict) -> dict[str, dict]:
    return {
        name: entry["change_from_base"]
        for name, entry in checkpoints.items()
        if "change_from_base" in entry and not name.startswith("diverge")
    }


def groups_table(checkpoints: dict) -> str:
    changes = changes_of(checkpoints)
    return changes_by_place({name: c for name, c in changes.items() if "mlp" in c["by_group"]})


def mixture_table(checkpoints: dict) -> str:
    changes = changes_of(checkpoints)
    return changes_by_place({name: c for name, c in changes.items() if "experts" in c["by_group"]})


def divergence_table(checkpoints: dict) -> str:
    rows = []
    for name, entry in checkpoints.items():
        if name.startswith("diverge"):
            new, all_of_them = entry["first_non_finite_at_this_step"], entry["non_finite_tensors"]
            rows.append(
                [
                    f"`{name}`",
                    str(entry["steps"]),
                    shown(entry["lr"]),
                    loss(entry["batch_loss"]),
                    loss(entry["loss_after"]["tales"]),
                    shown(entry["norm_of_finite_elements"], 4),
                    str(entry["non_finite_elements"]),
                    f"{len(all_of_them)} ({len(new)} new)" if all_of_them else "0",
                ]
            )
    header = [
        "checkpoint",
        "step",
        "lr",
        "loss of the batch",
        "loss, tales",
        "norm",
        "non-finite elements",
        "in tensors",
    ]
    return table(header, rows)


TABLES = {
    "variants": variants_table,
    "groups": groups_table,
    "mixture": mixture_table,
    "divergence": divergence_table,
}


def fill_readme(path: Path, log: dict) -> None:
    text = path.read_text(encoding="utf-8")
    for name, make in TABLES.items():
        before, rest = text.split(f"<!-- {name} -->\n")
        _, after = rest.split(f"<!-- /{name} -->\n")
        filled = make(log["checkpoints"])
        text = f"{before}<!-- {name} -->\n{filled}\n<!-- /{name} -->\n{after}"
    path.write_text(text, encoding="utf-8")
