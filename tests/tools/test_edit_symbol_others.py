"""Definitions of JavaScript, TypeScript, Go and Rust are changed where they are meant to be."""

import pytest

from samovar.core.errors import ToolError

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
