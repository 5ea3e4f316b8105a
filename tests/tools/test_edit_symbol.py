"""Definitions are replaced, inserted and renamed where they are meant to be."""

import pytest

from samovar.core.errors import ToolError
from samovar.tools.edit_symbol import edit_symbol

SHAPES = b'''\
# coding: latin-1
"""caf\xe9"""
import functools


class Shape:\t# the base
    kind = "shape"

    @functools.cache  # once
    def area(self):
        """It is

  odd.
        """
        return self.width()  # here

    # about the next one
    def width(self): return 1


class Box(Shape):
    pass


def total(shapes):
    return sum(s.area() for s in shapes) + Shape().width()


def use():
    return total([Shape()])


__all__ = ["Shape", "total"]
'''


@pytest.fixture
def change(place):
    (place.root / "shapes.py").write_bytes(SHAPES)

    async def run(action, name="", code="", new_name="", path="shapes.py"):
        said = await edit_symbol(place).run(
            path=path, action=action, name=name, code=code, new_name=new_name
        )
        return said, (place.root / path).read_bytes()

    return run


async def test_a_method_is_replaced_below_its_decorators(change):
    said, data = await change("replace", "Shape.area", "def area(self):\n    return 2")
    start = SHAPES.index(b"    def area")
    end = SHAPES.index(b"\n\n    # about")
    assert data == SHAPES[:start] + b"    def area(self):\n        return 2" + SHAPES[end:]
    assert said.startswith("replaced Shape.area in shapes.py, kept @functools.cache\n@@")


async def test_decorators_of_the_code_take_the_place_of_others(change):
    code = "@property\ndef area(self):\n    return 2"
    said, data = await change("replace", "Shape.area", code)
    start = SHAPES.index(b"    @functools.cache")
    end = SHAPES.index(b"\n\n    # about")
    new = b"    @property\n    def area(self):\n        return 2"
    assert data == SHAPES[:start] + new + SHAPES[end:]
    assert said.startswith("replaced Shape.area in shapes.py, without @functools.cache\n@@")


KEPT = (
    (
        "a.py",
        "A.f",
        "class A:\n    @x\n    def f(self): ...\n",
        "@y\n    def f(self):\n        return 1",
        "    @y\n    def f(self):\n        return 1\n",
        ", without @x",
    ),
    (
        "a.js",
        "A.f",
        "class A {\n  static f() {}\n}\n",
        "f() {\n  function g() {}\n  return g;\n}",
        "  static f() {\n    function g() {}\n    return g;\n  }\n}\n",
        ", kept static",
    ),
    (
        "a.py",
        "f",
        "import io\n@io\ndef f(): ...\n",
        "import os\n\ndef f():\n    os",
        "import os\n\n@io\ndef f():\n    os\n",
        ", kept @io",
    ),
    (
        "a.py",
        "A.x",
        "class A:\n    @x.setter  # and\n    @y\n    def x(self, v): ...\n",
        "async def x(self, v): return",
        "    @x.setter  # and\n    @y\n    async def x(self, v): return\n",
        ", kept @x.setter @y",
    ),
    (
        "a.js",
        "f",
        "export default async function f() {}\n",
        "function f() { }",
        "export default function f() { }\n",
        ", kept export default",
    ),
    (
        "a.js",
        "f",
        "export const f = () => 1;\n",
        "async function f() {}",
        "export async function f() {}\n",
        ", kept export",
    ),
    (
        "a.js",
        "A.f",
        "class A { static get f() { return 1 } }\n",
        "f() {\n  return 2\n}",
        "class A { static get f() {\n  return 2\n} }\n",
        ", kept static get",
    ),
    (
        "a.js",
        "A.f",
        "class A {\n  static f = () => 1;\n}\n",
        "async f() {}",
        "class A {\n  static async f() {}\n}\n",
        ", kept static",
    ),
    (
        "a.js",
        "A",
        "export @dec class A {}\n",
        "export class A { }",
        "@dec\nexport class A { }\n",
        ", kept @dec",
    ),
    (
        "a.ts",
        "A.f",
        "class A {\n  @B({\n    a: 1\n  }) private static f() {}\n}\n",
        "  protected async f() {\n    return 1;\n  }",
        "  @B({\n    a: 1\n  }) protected static async f() {\n    return 1;\n  }\n}\n",
        ", kept @B({ a: 1 }) static, without private",
    ),
    (
        "a.ts",
        "A.f",
        "class A {\n  private override readonly f = () => 1;\n}\n",
        "@B()\noverride f = () => 2;",
        "  @B()\n  private override readonly f = () => 2;\n}\n",
        ", kept private readonly",
    ),
    (
        "a.ts",
        "A",
        "@B()\nexport abstract class A { f() {} }\n",
        "class A {}",
        "@B()\nexport abstract class A {}\n",
        ", kept @B() export abstract",
    ),
    (
        "a.ts",
        "A",
        "export declare class A { f(): void }\n",
        "class A {}",
        "export declare class A {}\n",
        ", kept export declare",
    ),
    (
        "a.rs",
        "T.f",
        "impl T {\n    #[inline]\n    pub(crate) unsafe fn f() {}\n}\n",
        "async fn f() {\n    1\n}",
        "    #[inline]\n    pub(crate) async fn f() {\n        1\n    }\n}\n",
        ", kept #[inline] pub(crate)",
    ),
    (
        "a.rs",
        "X",
        "pub static X: u8 = 1;\n",
        "pub const X: u8 = 2;",
        "pub const X: u8 = 2;\n",
        "",
    ),
)


@pytest.mark.parametrize(("path", "name", "old", "code", "new", "said"), KEPT)
async def test_what_the_code_does_not_repeat_is_kept(
    change, place, path, name, old, code, new, said
):
    (place.root / path).write_text(old)
    answer, data = await change("replace", name, code, path=path)
    assert data.decode().endswith(new)
    assert answer.splitlines()[0] == f"replaced {name} in {path}{said}"


async def test_a_method_that_comes_in_its_class_is_taken_out(change):
    code = "class Shape:\n    def width(self):\n        return 9\n"
    _, data = await change("replace", "Shape.width", code)
    assert data == SHAPES.replace(
        b"def width(self): return 1", b"def width(self):\n        return 9"
    )


async def test_code_of_another_name_is_refused(change):
    with pytest.raises(ToolError, match=r"code must define 'total', but it defines totals"):
        await change("replace", "total", "def totals(): pass")
    with pytest.raises(ToolError, match=r"code: it does not parse: line 1"):
        await change("replace", "total", "def total(:")
    with pytest.raises(ToolError, match=r"code is empty"):
        await change("replace", "total")


async def test_a_name_that_is_not_there_is_answered_with_the_nearest(change):
    with pytest.raises(ToolError, match=r"there is no 'Shape.aria' here; there is: Shape.area"):
        await change("replace", "Shape.aria", "def aria(self): pass")


async def test_insertion_knows_its_place(change):
    _, data = await change("insert", "Box", "def depth(self):\n    return 3")
    assert (
        b"class Box(Shape):\n    pass\n\n    def depth(self):\n        return 3\n\n\ndef total"
        in data
    )
    _, data = await change("insert", "total", "def mean(shapes):\n    return 0")
    assert b"width()\n\n\ndef mean(shapes):\n    return 0\n\n\ndef use" in data
    _, data = await change("insert", "", "def last(): pass")
    assert data.endswith(b"]\n\n\ndef last(): pass\n")
    _, data = await change("insert", "latest", "def latest(): pass")
    assert data.endswith(b"]\n\n\ndef last(): pass\n\n\ndef latest(): pass\n")
    _, data = await change("insert", "Box.length", "def length(self):\n    return 4")
    assert b"    def length(self):\n        return 4\n\n\ndef total" in data
    with pytest.raises(ToolError, match=r"Box.depth is there already: use action 'replace'"):
        await change("insert", "Box", "def depth(self):\n    return 3")


async def test_renaming_follows_the_scope(change):
    said, data = await change("rename", "total", new_name="whole")
    assert data == SHAPES.replace(b"total", b"whole")
    assert "at 3 places of shapes.py" in said


async def test_renaming_a_method_follows_self_and_says_what_is_left(change, place):
    (place.root / "other.py").write_text("from shapes import Shape\nShape().width()\n")
    said, data = await change("rename", "Shape.width", new_name="breadth")
    assert b"return self.breadth()  # here" in data and b"def breadth(self)" in data
    assert "'width' still stands at other.py:2, shapes.py:26" in said


@pytest.mark.parametrize("new", ["total", "use", "1x", "class", "a b", ""])
async def test_a_taken_name_or_none_is_refused(change, new):
    with pytest.raises(ToolError):
        await change("rename", "Shape", new_name=new)


async def test_two_definitions_of_one_name_are_told_apart_by_line(change, place):
    text = "class A:\n    @property\n    def x(self): return 1\n\n"
    text += "    @x.setter\n    def x(self, v): pass\n"
    (place.root / "p.py").write_text(text)
    with pytest.raises(ToolError, match=r"name one of A.x@2, A.x@5"):
        await change("replace", "A.x", "def x(self): return 2", path="p.py")
    _, data = await change("replace", "A.x@5", "@x.setter\ndef x(self, v): print(v)", path="p.py")
    assert data.decode() == text.replace("v): pass", "v): print(v)")


async def test_a_line_that_libcst_writes_otherwise_does_no_harm(change, place):
    text = "try:\n    x = 1\nexcept (OSError, ValueError) :\n    x = 2\n\n\ndef f(): return x\n"
    (place.root / "odd.py").write_text(text)
    _, data = await change("replace", "f", "def f(): return 3", path="odd.py")
    assert data.decode() == text.replace("return x", "return 3")


async def test_tabs_and_windows_stay(change, place):
    text = b"class A:\r\n\tdef f(self):\r\n\t\treturn 1\r\n\r\nx = 1 \t \r\n"
    (place.root / "t.py").write_bytes(text)
    _, data = await change(
        "replace", "A.f", "def f(self):\n    if self:\n        return 2", path="t.py"
    )
    assert data == text.replace(b"\t\treturn 1", b"\t\tif self:\r\n\t\t\treturn 2")


OTHERS = {
    "a.ts": (
        "export class Tree<T> {\n  private root?: T; // keep\n\n  @Log()\n  size(): number {\n"
        "    return 1;\n  }\n}\n\nexport const make = <T>(x: T) => new Tree<T>();\n",
        "Tree.size",
        "size(): number {\n  return 2;\n}",
        "// keep\n\n  @Log()\n  size(): number {\n    return 2;\n  }\n}",
    ),
    "a.js": (
        "function one() {\n  return `a\n b`;\n}\n\n"
        "const two = () => one();\nmodule.exports = { two };\n",
        "two",
        "const two = () => {\n  return one() + 1;\n};",
        "const two = () => {\n  return one() + 1;\n};\nmodule",
    ),
    "a.go": (
        "package a\n\n// T is kept.\ntype T struct {\n\tx int // é\n}\n\n"
        "// Size is kept.\nfunc (t *T) Size() int {\n\treturn t.x\n}\n",
        "T.Size",
        "func (t *T) Size() int {\n    return 2\n}",
        "// Size is kept.\nfunc (t *T) Size() int {\n\treturn 2\n}\n",
    ),
    "a.rs": (
        "struct T;\r\n\r\nimpl T {\r\n    /// kept\r\n    #[inline]\r\n"
        "    pub fn size(&self) -> usize { 1 }\r\n}\r\n",
        "T::size",
        "pub fn size(&self) -> usize {\n    2\n}",
        "    /// kept\r\n    #[inline]\r\n    pub fn size(&self) -> usize {\r\n"
        "        2\r\n    }\r\n}\r\n",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_other_languages_are_changed_in_place(change, place, name):
    text, wanted, code, expected = OTHERS[name]
    (place.root / name).write_bytes(text.encode())
    _, data = await change("replace", wanted, code, path=name)
    assert expected in data.decode()
    with pytest.raises(ToolError, match=r"there is no 'nope'"):
        await change("replace", "nope", code, path=name)


async def test_a_class_of_typescript_takes_a_method(change, place):
    (place.root / "a.ts").write_text("class A {\n  x = 1;\n}\nclass B {}\n")
    await change("insert", "A", "go(): void {\n  this.x;\n}", path="a.ts")
    _, data = await change("insert", "B", "go() {}", path="a.ts")
    assert (
        data
        == b"class A {\n  x = 1;\n\n  go(): void {\n    this.x;\n  }\n}\nclass B {\n  go() {}\n}\n"
    )


async def test_other_languages_are_renamed_when_it_is_exact(change, place):
    (place.root / "a.go").write_text(
        "package a\nfunc one() int { return 1 }\nfunc two() int { return one() }\n"
    )
    _, data = await change("rename", "one", new_name="uno", path="a.go")
    assert data.decode().count("uno") == 2 and b"one" not in data
    with pytest.raises(ToolError, match=r"used in this file already"):
        await change("rename", "uno", new_name="two", path="a.go")


MEMBERS = (
    (
        "a.js",
        "class A { get(k) { return this.m.get(k) }\n  go() { this.get(1); A.get; b.get(2) } }\n",
        "class A { new_(k) { return this.m.get(k) }\n  go() { this.new_(1); A.new_; b.get(2) } }\n",
    ),
    (
        "b.js",
        "class A { #get() { this.#get(); this.get }\n  of(b) { b.#get() } }\n",
        "class A { #new_() { this.#new_(); this.get }\n  of(b) { b.#new_() } }\n",
    ),
    (
        "a.ts",
        "class A { get(k: 1): 1; get(k: any) { return this.get(1) + m.get(1) } }\n",
        "class A { new_(k: 1): 1; new_(k: any) { return this.new_(1) + m.get(1) } }\n",
    ),
    (
        "a.go",
        "package a\nfunc (l *A) get() { l.mu.get() }\n"
        "func (q A) of(l B) { q.get(); l.get(); A.get(q) }\n",
        "package a\nfunc (l *A) new_() { l.mu.get() }\n"
        "func (q A) of(l B) { q.new_(); l.get(); A.new_(q) }\n",
    ),
    (
        "a.rs",
        "impl A { fn get(&self) { let get = B::get(); A::get(self); get }\n"
        "  fn of(&self, b: B) { self.get(); Self::get(self); b.get() } }\n",
        "impl A { fn new_(&self) { let get = B::get(); A::new_(self); get }\n"
        "  fn of(&self, b: B) { self.new_(); Self::new_(self); b.get() } }\n",
    ),
)


@pytest.mark.parametrize(("path", "old", "new"), MEMBERS, ids=[m[0] for m in MEMBERS])
async def test_a_method_is_renamed_where_its_owner_stands_before_it(change, place, path, old, new):
    (place.root / path).write_text(old)
    said, data = await change("rename", "A.get", new_name="new_", path=path)
    assert data.decode() == new
    assert f"'get' still stands at {path}:" in said


async def test_what_would_not_parse_is_refused(change, place):
    (place.root / "a.rs").write_text("fn one() {}\n")
    with pytest.raises(ToolError, match=r"would not parse any more"):
        await change("replace", "one", "fn one() { ( }", path="a.rs")
    (place.root / "a.txt").write_text("x")
    with pytest.raises(ToolError, match=r"knows Python, .js"):
        await change("replace", "x", "x", path="a.txt")
