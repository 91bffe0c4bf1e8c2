/**
 * What docs/cli.md says of a flag where that is more than its help, by command and flag, in Markdown. A flag that is missing here stands on
 * the page with its help; one that a comparison has too is described there.
 * @type {Readonly<Record<string, Readonly<Record<string, string>>>>}
 */
export const FLAG_DOCS = {
  diff: {
    '--format':
      'Report format on stdout: `text` (default), `json`, `jsonl`, `html`, `markdown`, `csv`, `metrics`, or `github`: annotations for a workflow of GitHub Actions, an error for each broken rule, a warning for each serious finding and each critical insight, and the verdict as a notice.',
    '--json': 'Same as `--format json`. The two cannot be combined.',
    '--output':
      'Also writes a report to this file. The extension picks the format: `.html`, `.json`, `.jsonl`, `.txt`, `.md` or `.csv`. Repeatable. Either all files are written or none, and no file in the folder of a checkpoint is overwritten, except a report that was written there before.',
    '--metrics-json':
      'Also writes flat numbers for experiment trackers to this file, whose name ends in `.json`: [below](#numbers-for-experiment-trackers). With `-` they go to stdout, in place of the report.',
    '--top':
      'Rows per list in text, HTML and Markdown reports; the rest is counted. Default: 50, or as many as fit on the terminal. JSON, JSONL and CSV are never cut.',
    '--include-unchanged': 'Lists unchanged tensors too. This affects no number and no conclusion.',
    '--histogram':
      'Saves in JSON how many elements of each tensor changed by how much (`columns.histogram`), counted on a sample of large tensors. A run that writes HTML counts them by itself, for the page alone: what it writes beside the page is the same without it. Give the flag where a page will be made of the JSON later.',
    '--no-provenance':
      'Leaves out where a report comes from: date, version, paths, threshold, precision and command line. The same checkpoints then give the same bytes everywhere. Without it, text says so in its last line (not on a terminal), HTML and Markdown at their foot, JSON and JSONL in `provenance`; CSV and metrics never do. A model in the local Hugging Face cache is named with the revision that was read.',
    '--include':
      'Compares only tensors whose names match. `*` matches any text, dots too; `?` one character; `[abc]` one of a set (`[[]` is a bracket); `{a,b}` either. Repeatable.',
    '--exclude': 'Skips tensors whose names match, even if `--include` matches them. Repeatable.',
    '--rename':
      "`REGEX=>REPLACEMENT`: rewrites names before they are matched, as in `--rename '^net\\.=>model.'`. Every match in a name is replaced, and `$1` is the first group. Rules run in the order given, after `--strip-prefix`. Names over 4 KiB are left alone. Repeatable.",
    '--strip-prefix': 'Removes this prefix from names before they are matched. Repeatable.',
    '--no-auto-prefix':
      'Matches names as they are. By default a prefix that only one side has is removed where that makes more names match: what wrappers add (`module.`, `_orig_mod.`, `base_model.model.`, `_fsdp_wrapped_module.`, …), and any other prefix that all names of one side share, such as `student.backbone.`. The report says so. `--include` and `--exclude` see the names after this step.',
    '--key':
      'Which mapping of a PyTorch file holds the model, as a dotted path such as `ema.state_dict`. Files without mappings (safetensors, NumPy, a bare `state_dict`) ignore it; a file that has mappings but not this one is an error that lists them. Default: the mapping whose names fit the other checkpoint, otherwise the largest; the report says which.',
    '--variant':
      'Which variant of the weights to read from a directory: `fp16` reads `model.fp16.safetensors`. Default: the weights without a variant.',
    '--include-optimizer': 'Reads the tensors of optimizer state too. By default they are left out.',
    '--key-old': '`--key` for the old checkpoint.',
    '--key-new': '`--key` for the new checkpoint.',
    '--variant-old': '`--variant` for the old checkpoint.',
    '--variant-new': '`--variant` for the new checkpoint.',
    '--adapter-old':
      'Merges this adapter into the old checkpoint before comparing, as the library that trained it would: `model-diff base/ merged/ --adapter-old adapter/` says whether a merge is what it should be.',
    '--adapter-new': 'The same for the new checkpoint.',
    '--include-old': 'Uses only the old tensors whose names *in the file* match, before any renaming. Repeatable.',
    '--include-new': 'The same for the new checkpoint.',
    '--rename-old': '`--rename` for the old checkpoint.',
    '--rename-new': '`--rename` for the new checkpoint.',
    '--strip-prefix-old': '`--strip-prefix` for the old checkpoint.',
    '--strip-prefix-new': '`--strip-prefix` for the new checkpoint.',
    '--shard':
      'Compares only this part, and keeps what it measured in `--run-dir`: `3/64`, `3` where a plan says of how many, or `auto`, by the scheduler. Needs no checkpoints where the folder has a plan. [scale.md](scale.md) explains it.',
    '--parts': 'How many parts, for `--shard auto` without a plan.',
    '--run-dir': 'Folder of the plan and the parts.',
    '--force': 'Compares a part again that is already complete, or replaces one of another plan.',
    '--old':
      'With a plan: where the old checkpoint lies, if not where it was planned from. `--adapter-old` says so of its adapter.',
    '--new':
      'With a plan: where the new checkpoint lies, if not where it was planned from. `--adapter-new` says so of its adapter.',
    '--threshold':
      'An element counts as changed if it differs by more than this. Default: 1e-6. With the default, a tensor counts as unchanged only if its whole change is also at most a millionth of its size, which matters for tensors of tiny weights.',
    '--precision':
      'Accuracy of sums. `fast` (default) accumulates floats of up to 32 bits in short f32 lanes that fold into f64: 1e-7 on real weights, 1e-6 at worst. `double` uses f64 throughout: 1e-12. Counts are exact in both.',
    '--exit-code':
      'Exits with 1 unless both checkpoints hold the same tensors with the same values, shapes and dtypes. Removed prefixes, renames and tensors that one side has in parts do not count as differences. Weights that were left out do if they differ or only one side has them; optimizer state and the like never do.',
    '--fail-on':
      "Exits with 1 if the rule is broken, such as `nan`, `structure`, `'change>5%'` or `'min(cosine)<0.98'`. [Rules](#rules) explains them. Repeatable.",
    '--allow-nonfinite':
      'Judges tensors with new NaN or Inf by the rest of their elements. By default they break every rule on numbers.',
    '--config':
      'Rules and options to use. Default: `model-diff.config.json` in the working directory, if there is one and [no checkpoint lies there](#the-configuration).',
    '--no-config': 'Uses no configuration.',
    '--limit':
      'Overrides a safety limit, as in `--limit memory=1000000000`. The error that stops at a limit names it. Repeatable.',
    '--threads': 'Worker threads. Default: all cores. The result has the same bits for any number.',
    '--progress':
      'Shows progress on stderr. `auto` draws a line on a terminal; elsewhere, and in CI, it prints a plain line every 30 seconds or 10% once a run has taken 10 seconds; it prints nothing while the text report is piped into another program on the terminal. Also `always`, `never` and `json`, which prints [lines for a program](#progress-for-a-program).',
    '--no-progress': 'Same as `--progress never`.',
    '--color': '`auto`, `always` or `never`.',
    '--ascii': 'Uses ASCII characters only; any other appears as `\\u{…}`.',
    '--quiet':
      'Prints errors only, which configuration is used, and the report if `--format` or `--json` asks for one. Files given with `-o` are still written.',
    '--verbose': 'Also prints the causes of an error.',
    '--version': 'Prints the version.',
    '--help': '`-h` prints the most useful options on one screen, `--help` all of them.',
  },
  inspect: {
    '--format':
      'What to print: `text` (default), `json` or `jsonl`, which [json.md](json.md) describes, or `tsv`: a line a tensor with name, dtype, shape and a hash of the values, which reads the tensors. Equal tensors have equal lines whatever file they lie in; [git.md](git.md) uses it.',
    '--json':
      'Same as `--format json`: the checkpoint, its files, the mappings to choose from (`candidates`), what was not read (`left_out`), the findings and the tensors.',
    '--top': 'Tensors to list. Default: as many as fit on the terminal, otherwise all. Not with `tsv`.',
    '--stats': 'Reads the tensors too: mean, standard deviation, minimum, maximum, share of zeros, NaN and Inf. Not with `tsv`.',
    '--security':
      'Prints only the findings, also for a pickle that holds no tensors. With `--json` the output is always JSON unless the file cannot be read; add `--fail-on unsafe` for an exit status.',
    '--fail-on': 'As for a comparison; only `unsafe`.',
    '--threads': 'Worker threads for `--stats` and for the hashes. Default: all cores.',
    '--quiet': 'Shows no progress; the result is still printed.',
  },
  hash: {
    '--output':
      'Writes the manifest to this file, whose name ends in `.json`, instead of stdout. A file that is there is only replaced if it is a manifest, and no file in the folder of the checkpoint otherwise.',
    '--no-provenance':
      'Leaves out date, version, path and command line. The same checkpoint then gives the same bytes everywhere.',
    '--raw': 'Hashes quantized weights as they are stored, codes and scales apart, instead of the weights they stand for.',
    '--fail-on': 'As for a comparison; only `unsafe`.',
    '--quiet': 'Prints errors only; the manifest is still written.',
  },
  series: {
    '--metrics-json': 'As for a comparison; the numbers are those of the last step.',
    '--top': 'Rows of the list of tensors; the rest is counted. Text and Markdown show at most five tensors per event.',
    '--threshold': 'As for a comparison; it affects only the count of changed elements.',
    '--rename':
      "As for a comparison, for every checkpoint. A run that changed from `net.` to `model.` needs `--rename '^net\\.=>model.'`.",
    '--strip-prefix': 'As for a comparison, for every checkpoint.',
    '--no-auto-prefix':
      'Matches names as they are. By default every checkpoint is brought to the names of the first, as in a comparison.',
    '--fail-on': 'As for a comparison; only `unsafe`.',
    '--progress': 'As for a comparison, over the whole series.',
  },
  report: {
    '--fail-on':
      'As for a comparison: holds the saved comparison to these rules. Without it the reports show what became of the rules when the comparison was made, and the status is 0. With it a tensor that could not be read makes the status 2.',
  },
  plan: {
    '--parts': 'Number of parts, of about equal bytes: 1 to 99,999.',
    '--run-dir': 'Folder for the plan and the parts. It is made if it is not there; one that holds another plan is refused.',
    '--quiet': 'Prints errors only.',
  },
  submit: {
    '--cpus': 'Cores of a part, and its threads. Default: 8.',
    '--mem':
      'Memory of a part, as `sbatch --mem` takes it. Default: `4G`; a part needs a few hundred megabytes, whatever the size of the checkpoints.',
    '--time':
      'Time limit of a part, as `sbatch --time` takes it. A part that reaches it goes back into the queue. Default: that of the partition.',
    '--partition': 'Partition to submit to. Default: that of the cluster.',
    '--max-parallel': 'Parts at a time at most. Default: as many as Slurm starts.',
    '--stagger': 'Spreads the starts of the parts over so many seconds, to spare the file system.',
    '--sbatch-arg': 'Another option of sbatch, for all jobs: `--sbatch-arg=--account=me`. Repeatable.',
    '--dry-run': 'Prints the scripts and commands; plans, writes and submits nothing.',
    '--parts': 'Number of parts, of about equal bytes: 1 to 99,999.',
    '--run-dir': 'Folder for the plan, the scripts, the logs and the parts. All nodes must see it under this name.',
    '--output': 'Report that the combining job writes, as for a comparison. Repeatable.',
  },
  status: {
    '--json': 'Prints JSON.',
    '--quiet': 'Prints nothing; the exit status tells.',
  },
  combine: {
    '--allow-partial':
      'Reports what is there if parts are missing or damaged: the report begins with `INCOMPLETE`, their tensors are errors, and the status is 2.',
    '--old': 'Where the old checkpoint lies, if not where it was planned from.',
    '--new': 'Where the new checkpoint lies, if not where it was planned from.',
    '--adapter-old': 'Where the adapter of the old checkpoint lies, if not where it was planned from.',
    '--adapter-new': 'Where the adapter of the new checkpoint lies, if not where it was planned from.',
  },
};
