"""The people of the word problems, and how a plain noun gets its article."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    name: str
    they: str
    their: str
    them: str


_SHE = (
    "Ada Aisha Alma Amina Anna Bella Carla Chloe Clara Daisy Elena Ella Emma Esther Eva Fatima Freya "
    "Grace Hana Ines Iris Jana Julia Kira Laila Leah Lena Lina Lucy Maria Maya Mei Mia Nadia Nina Nora "
    "Olga Olivia Paula Petra Priya Rosa Ruth Sara Sofia Tara Vera Wanda Yara Zoe"
)
_HE = (
    "Adam Ahmed Alan Amir Anton Ben Boris Carlos Daniel David Diego Emil Eric Felix Finn George Hassan "
    "Henry Hugo Ivan Jack Jamal James Jonas Kai Karim Leo Liam Luca Luis Marco Martin Max Milan Nico Noah "
    "Omar Oscar Otto Pablo Paul Peter Ravi Robert Sam Samir Simon Theo Tom Victor"
)

PEOPLE = tuple(Person(name, "she", "her", "her") for name in _SHE.split()) + tuple(
    Person(name, "he", "his", "him") for name in _HE.split()
)


def words_of(who: Person, *others: Person) -> dict[str, str]:
    """What a wording says for its person, and the names of the others."""
    words = dict(zip(("other", "third", "fourth"), (other.name for other in others), strict=False))
    words |= {"who": who.name, "they": who.they, "their": who.their, "them": who.them}
    return words | {"They": who.they.capitalize(), "Their": who.their.capitalize()}


def with_article(key: str, noun: str) -> dict[str, str]:
    """'apple', 'an apple' and 'An apple'. None of our nouns begins with a silent h or a spoken w or y."""
    article = f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
    return {key: noun, f"a_{key}": article, f"A_{key}": article[0].upper() + article[1:]}
