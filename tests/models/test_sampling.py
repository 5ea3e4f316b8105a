import pytest

from samovar.core.message import Sampling
from samovar.models.sampling import family, sampling


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen2.5-coder-1.5b-instruct-q4_k_m", "qwen2.5-coder"),
        ("qwen2.5-coder:7b", "qwen2.5-coder"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen2.5-coder"),
        ("qwen3-coder:30b", "qwen3-coder"),
        ("qwen3:4b", "qwen3"),
        ("llama3.2:3b", "llama"),
        ("codellama", "llama"),
        ("google/gemma-3-4b-it", "gemma"),
        ("mistral-small", "mistral"),
        ("deepseek-coder-v2:16b", "deepseek"),
        ("granite-4.0-tiny", "granite"),
        ("phi4", "phi"),
        ("something-else", ""),
    ],
)
def test_a_family_is_told_by_the_name(model: str, name: str) -> None:
    assert family(model) == name


def test_the_coder_is_drawn_as_its_card_says() -> None:
    assert sampling("qwen2.5-coder", seed=1) == Sampling(0.7, 0.8, 20, 1.05, 1)


def test_a_temperature_may_be_chosen_0_included() -> None:
    assert sampling("llama", 0.0).temperature == 0.0
    assert sampling("llama", 1.1).temperature == 1.1


def test_no_family_is_drawn_at_temperature_0() -> None:
    names = [
        "qwen2.5-coder",
        "qwen3",
        "llama",
        "gemma",
        "mistral",
        "deepseek",
        "granite",
        "phi",
        "",
    ]
    assert all(sampling(name).temperature > 0 for name in names)
