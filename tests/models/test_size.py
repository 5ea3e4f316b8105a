"""The estimate errs to the safe side; figures are those of Qwen2.5's own tokenizer."""

import base64
import random

import pytest

from samovar.core.message import Message
from samovar.models import size

TRUTH = {
    "base64": (base64.b64encode(random.Random(1).randbytes(3000)).decode(), 2980),
    "hex": (random.Random(1).randbytes(3000).hex(), 5328),
    "spaces": ("        x\n" * 500, 1530),
    "russian": (
        "Самовар это команда агентов которая пишет программы на открытых моделях. " * 40,
        912,
    ),
    "emoji": ("😀🚀🔥🧪🫖👩‍💻" * 200, 2230),
    "minified": (
        "function(a,b){return a[b]||(a[b]={}),a[b].c=1,!0}"
        "if(!x&&y>3)for(var i=0;i<9;i++){z+=q[i]^h(i)}" * 40,
        1950,
    ),
}


@pytest.mark.parametrize("name", TRUTH)
def test_the_estimate_is_not_below_the_truth(name):
    text, truth = TRUTH[name]
    assert truth <= size.estimate([Message("user", text)]) < 3 * truth


def test_broken_surrogates_are_counted_too():
    assert size.estimate([Message("user", "\ud800" * 30)]) > 0


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("qwen2.5-coder-1.5b", 1.5),
        ("Qwen2.5-Coder-32B-Instruct-Q4_K_M", 32),
        ("qwen3:14b", 14),
        ("gpt-4.1-mini", None),
        ("llama3.2", None),
    ],
)
def test_the_size_of_a_model_is_in_its_name(name, billions):
    assert size.billions(name) == billions


@pytest.mark.parametrize(("name", "small"), [("m-13.9b", True), ("m:14b", False), ("gpt", True)])
def test_a_model_of_unknown_size_is_small(name, small):
    assert size.is_small(name) == small
