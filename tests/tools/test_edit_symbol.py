"""Definitions are replaced, inserted and renamed where they are meant to be."""

import pytest

from samovar.core.errors import ToolError

from .conftest import SHAPES


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


async def test_what_would_not_parse_is_refused(change, place):
    (place.root / "a.rs").write_text("fn one() {}\n")
    with pytest.raises(ToolError, match=r"would not parse any more"):
        await change("replace", "one", "fn one() { ( }", path="a.rs")
    (place.root / "a.txt").write_text("x")
    with pytest.raises(ToolError, match=r"knows Python, .js"):
        await change("replace", "x", "x", path="a.txt")
