"""The structure of the code: no import cycle, small modules, names that mean one thing."""

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MODULE, LONGEST_MEDIAN = 400, 120
MOST_MODULES_A_FOLDER = 30
LARGEST_PACKAGE = 0.2
"""Share of all lines."""


@cache
def modules():
    """The path of each module of the package, by its name."""
    found = {}
    for path in (ROOT / "cmean").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


@cache
def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def count_lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def find_imports(name):
    """The modules that a module imports, wherever in it and for whatever use."""
    found = set()
    for node in ast.walk(parse(modules()[name])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in modules() else node.module)
    return found & modules().keys() - {name}


def find_cycle(imports):
    """One cycle of a graph, as a list of nodes; None: there is none."""
    done = set()

    def follow(node, path):
        if node in path:
            return path[path.index(node) :]
        if node in done:
            return None
        for other in sorted(imports[node]):
            if cycle := follow(other, [*path, node]):
                return cycle
        done.add(node)
        return None

    return next(filter(None, (follow(node, []) for node in sorted(imports))), None)


def test_no_two_modules_import_each_other_in_a_circle_not_even_for_types():
    assert find_cycle({name: find_imports(name) for name in modules()}) is None


def test_the_search_for_cycles_finds_one():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_no_package_is_larger_than_a_fifth_of_the_code():
    lines = Counter()
    for name, path in modules().items():
        lines[name.split(".")[1] if "." in name else name] += count_lines(path)
    total = lines.total()
    assert {name: n for name, n in lines.items() if n / total > LARGEST_PACKAGE} == {}


def test_no_folder_has_more_modules_than_one_can_survey():
    folders = Counter(p.parent for p in modules().values() if p.name != "__init__.py")
    assert {str(f): n for f, n in folders.items() if n > MOST_MODULES_A_FOLDER} == {}


def test_modules_are_short():
    lengths = {name: count_lines(path) for name, path in modules().items()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}
    assert median(lengths.values()) <= LONGEST_MEDIAN


def test_a_public_class_name_names_one_class():
    homes = defaultdict(list)
    for name, path in modules().items():
        for node in parse(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/how-to-add.md"])
def test_every_file_that_the_developers_pages_name_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:cmean|tests|docs|benchmarks|migrations|workers)/[\w./-]*)`", text)
    assert len(named) > 10  # the pattern finds them
    missing = [path for path in named if "NAME" not in path and not (ROOT / path).exists()]
    assert missing == []


def test_every_package_is_described_for_developers():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = {p.parent.name for p in (ROOT / "cmean").glob("*/__init__.py")}
    assert {name for name in packages if f"| `cmean/{name}/` |" not in text} == set()
