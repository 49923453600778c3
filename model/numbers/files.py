"""Files: what a reader gave that is no text in UTF-8, how much of one is read, parameters, how one is written whole."""

import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from model.notation.spelling import number, shortened

LARGEST = sys.float_info.max
MOST = 2**26  # bytes of a file that is read whole
KINDS = {  # how a file begins: what it is, and what to do
    b"\x1f\x8b": "is compressed by gzip: unpack it first",
    b"BZh": "is compressed by bzip2: unpack it first",
    b"\xfd7zXZ": "is compressed by xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed by zstd: unpack it first",
    b"PK\x03\x04": "is a zip archive or a spreadsheet: save the table as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet: save the table as CSV in UTF-8",
    b"PAR1": "is a Parquet file: save the table as CSV in UTF-8",
    b"%PDF": "is a PDF: give a text in UTF-8",
    b"\x89PNG": "is a picture: give a text in UTF-8",
    b"\xff\xfe\x00\x00": "is written in UTF-32: save it in UTF-8",
    b"\x00\x00\xfe\xff": "is written in UTF-32: save it in UTF-8",
    b"\xff\xfe": "is written in UTF-16: save it in UTF-8",
    b"\xfe\xff": "is written in UTF-16: save it in UTF-8",
}


DIVIDERS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # of fields, in other dialects of CSV


def divided(columns: Collection[str]) -> str:
    """Return by what a header's fields are divided that reads as one column, in words; "" where commas do."""
    only = next(iter(columns)) if len(columns) == 1 else ""
    return next((name for divider, name in DIVIDERS.items() if divider in only), "")


def problem(begin: bytes) -> str:
    """Return what a file is that begins so and is no text in UTF-8, and what to do; "" where it may be one."""
    return next((told for mark, told in KINDS.items() if begin.startswith(mark)), "")


def text(path: str | os.PathLike[str], most: int = MOST) -> str:
    """Return a file's text without a mark at its start; ValueError says why it cannot be read, and in which line."""
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if told := problem(content):
        raise ValueError(f"it {told}")
    if len(content) > most:
        raise ValueError(f"it has more than {most // 2**20} MB")
    zero = content.find(b"\0")
    if zero >= 0:
        line = content[:zero].count(b"\n") + 1
        raise ValueError(f"line {line} holds a zero byte: save it as text in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} holds a byte that is not UTF-8: save it in UTF-8") from error


def parameters(content: str) -> dict[str, Any]:
    """Return the parameters in a text of YAML: names, each with a number, a word or a list of them.

    Raises ValueError, a sentence without its subject, for what holds none, for a name that stands there twice, and for
    what YAML reads as another number than is written: 010 is eight to it, and 1:30 ninety. An alias is refused, for few
    letters may stand for very many.
    """
    try:
        _refuse_deep(content)
        root = yaml.compose(content, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise ValueError("holds no parameters: write lines like `devices: 1024`")
    found: dict[str, Any] = {}
    for key, value in root.value:
        at = f"line {key.start_mark.line + 1}"
        if key.tag != "tag:yaml.org,2002:str":
            raise ValueError(f"{at}: {shortened(key.value)} is no name of a parameter: write a word before the colon")
        if key.value in found:
            raise ValueError(f"{at}: {shortened(key.value)} stands there twice")
        plain = value.tag == "tag:yaml.org,2002:seq"
        found[key.value] = [_scalar(item, at) for item in value.value] if plain else _scalar(value, at)
    return found


def _refuse_deep(content):
    """Refuse aliases, and collections deeper than lists of values, before anything is built of them."""
    depth = 0
    for event in yaml.parse(content, yaml.SafeLoader):
        at = f"line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"{at}: *{shortened(event.anchor)} stands for what is written elsewhere: write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > 2 or (depth == 2 and isinstance(event, yaml.MappingStartEvent)):
                raise ValueError(f"{at}: a parameter takes a number, a word, or a list of them")
        depth -= isinstance(event, yaml.CollectionEndEvent)


def _scalar(node, at):
    """Return the value of a scalar; ValueError where YAML reads another number than is written, or has a tag for it."""
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"{at}: {shortened(node.tag)} is no plain list: take the tag out")
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:  # an unknown tag, a number of more digits than can be read
        raise ValueError(f"{at}: {shortened(node.value)} cannot be read: {shortened(str(error))}") from error
    if isinstance(value, float | int) and not isinstance(value, bool):
        written = number(node.value)
        if abs(value) > LARGEST:
            raise ValueError(f"{at}: {shortened(node.value)} is too large a number")
        if written != value and value == value:
            raise ValueError(f"{at}: {shortened(node.value)} is {value:.12g} to YAML: write the number in plain digits")
    return value


def write(target: Path, content: bytes) -> None:
    """Write target whole or not at all: a move within one folder is all or nothing, also beside another writer."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(target)
