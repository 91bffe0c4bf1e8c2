"""Writes the two texts the example model is trained on, from two small grammars of our own.

`corpus/tales.txt` (domain A, for pre-training) holds little prose stories in which names, animals
and places come back; `corpus/answers.txt` (domain B, for fine-tuning) holds questions with their
answers. Both files are committed; running this script writes the same bytes again.
"""

import random
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
SEED = 20
TALES_BYTES = 160_000
ANSWERS_BYTES = 110_000

NAMES = "Ada Bruno Clara Dario Edda Felix Greta Hugo Ines Jonas Karla Leo Mara Nils Olga Paul Rosa Tilo Vera".split()
ANIMALS = (
    "fox heron badger goat otter crow mule hare hedgehog donkey lynx goose toad marten".split()
)
PLACES = "mill harbour orchard bridge tower market quarry lighthouse chapel forge stable garden ferry".split()
THINGS = "lantern kettle ladder basket whistle blanket hammer mirror bucket rope compass violin clock key".split()
FOOD = "bread soup plums honey cheese barley apples walnuts pears butter".split()
COLOURS = "red green blue grey white black yellow brown".split()
ADJECTIVES = "old small heavy quiet broken clever hungry patient tired proud cold bright crooked gentle".split()
WEATHER = [
    "It rained",
    "It snowed",
    "The sun shone",
    "A cold wind blew",
    "Fog lay",
    "Thunder rolled",
]
WHEN = [
    "all day",
    "until noon",
    "since the morning",
    "through the night",
    "for an hour",
    "without a break",
]
TIMES = [
    "One evening",
    "Early in spring",
    "On the first day of autumn",
    "Before sunrise",
    "When the bells rang",
    "Late in winter",
    "After the long frost",
    "At the end of the week",
]
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()
OPPOSITES = [
    ("hot", "cold"),
    ("old", "young"),
    ("big", "small"),
    ("light", "heavy"),
    ("wet", "dry"),
    ("early", "late"),
    ("quiet", "loud"),
    ("open", "closed"),
    ("high", "low"),
    ("near", "far"),
]
KINDS = [
    ("fox", "animal"),
    ("heron", "bird"),
    ("crow", "bird"),
    ("goose", "bird"),
    ("bread", "food"),
    ("soup", "food"),
    ("hammer", "tool"),
    ("ladder", "tool"),
    ("violin", "instrument"),
    ("whistle", "instrument"),
    ("goat", "animal"),
    ("cheese", "food"),
]


def article(word: str) -> str:
    return ("an " if word[0] in "aeiou" else "a ") + word


def tale(rng: random.Random) -> str:
    """One story: a person, an animal and a thing that stay the same throughout."""
    pick = rng.choice
    who, friend = rng.sample(NAMES, 2)
    animal, thing, food = pick(ANIMALS), pick(THINGS), pick(FOOD)
    here, there = rng.sample(PLACES, 2)
    colour, mood = pick(COLOURS), pick(ADJECTIVES)
    opening = [
        f"{pick(TIMES)} {who} walked from the {here} to the {there}.",
        f"{who} lived near the {here} with {article(mood)} {animal}.",
        f"There was once {article(mood)} {animal} in the {here}, and {who} knew it well.",
        f"{pick(TIMES)}, {article(animal)} came to the {here} where {who} was at work.",
    ]
    middle = [
        f"{pick(WEATHER)} {pick(WHEN)}.",
        f"{who} had only {article(colour)} {thing} and {pick(['no', 'some', 'plenty of'])} {food}.",
        f"The {animal} was {mood}, but {who} was {pick(ADJECTIVES)}.",
        f'"Give me the {thing}," said the {animal}, "and I will show you the way to the {there}."',
        f'"Have you seen my {thing}?" asked {who}. "It is {colour}, and it is not mine."',
        f"{friend} sold {food} at the {there} and never looked up.",
        f"The {animal} carried the {thing} over the bridge and back again.",
        f"Nobody at the {there} had ever seen {article(animal)} with {article(thing)}.",
        f"So {who} and the {animal} waited by the {here} {pick(WHEN)}.",
        f"{friend} gave {who} {pick(NUMBERS[2:10])} {pick(['coins', 'nails', 'eggs', 'candles'])} for the {thing}.",
        f"Then the {thing} fell into the water, and the {animal} {pick(['laughed', 'wept', 'ran', 'slept'])}.",
        f'"{pick(["Wait", "Listen", "Come back", "Be still"])}!" {pick(["cried", "called", "whispered"])} {friend}.',
        f"They shared the {food} and spoke about the {there}.",
    ]
    ending = [
        f"In the end {who} kept the {thing}, and the {animal} went home.",
        f"That is why the {thing} at the {there} is {colour} to this day.",
        f"{friend} laughed, the {animal} slept, and {who} was no longer {pick(ADJECTIVES)}.",
        f"Since then no {animal} has come to the {here}.",
        f"And {who} never sold the {colour} {thing}.",
    ]
    body = rng.sample(middle, rng.randint(2, 6))
    return " ".join([pick(opening), *body, pick(ending)])


def question(rng: random.Random) -> tuple[str, str]:
    """One question and its answer; most answers can be worked out from the question."""
    pick = rng.choice
    who, friend = rng.sample(NAMES, 2)
    thing, colour, animal = pick(THINGS), pick(COLOURS), pick(ANIMALS)
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    n = rng.randint(1, 17)
    word, kind = pick(KINDS)
    left, right = pick(OPPOSITES)[:: pick([1, -1])]
    where, elsewhere = rng.sample(PLACES, 2)
    steps = rng.sample(["wash", "cut", "boil", "salt", "stir", "serve"], 3)
    food = pick(FOOD)
    return pick(
        [
            (f"{a} + {b} = ?", str(a + b)),
            (f"{a + b} - {b} = ?", str(a)),
            (f"What comes after {n}, {n + 1}, {n + 2}?", str(n + 3)),
            (f"Write {n} as a word.", NUMBERS[n]),
            (f"Write {NUMBERS[n]} as a number.", str(n)),
            (f"What is the opposite of {left}?", right),
            (f"Spell {thing}.", "-".join(thing)),
            (f"What is {article(word)}?", article(kind)),
            (f"{who} has {article(colour)} {thing}. Which colour is the {thing}?", colour),
            (
                f"{who} is at the {where}, {friend} at the {elsewhere}. Where is {friend}?",
                f"at the {elsewhere}",
            ),
            (
                f"{who} saw {article(animal)} and {friend} saw {article(thing)}. Who saw the {animal}?",
                who,
            ),
            (f"How do you make {food}?", f"1) {steps[0]} 2) {steps[1]} 3) {steps[2]}"),
            (f"Say {thing} twice.", f"{thing} {thing}"),
        ]
    )


def exchange(rng: random.Random) -> str:
    asked, answered = question(rng)
    return f"Q: {asked}\nA: {answered}"


def write(path: Path, make: Callable[[random.Random], str], seed: int, size: int) -> None:
    rng = random.Random(seed)
    text = ""
    while len(text) < size:
        text += make(rng) + "\n"
    path.write_text(text, encoding="ascii", newline="\n")


def main() -> None:
    CORPUS.mkdir(exist_ok=True)
    write(CORPUS / "tales.txt", tale, SEED, TALES_BYTES)
    write(CORPUS / "answers.txt", exchange, SEED + 1, ANSWERS_BYTES)


if __name__ == "__main__":
    main()
