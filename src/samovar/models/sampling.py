"""How each family of models wants its tokens drawn."""

from msgspec.structs import replace

from samovar.core.message import Sampling

# From the `generation_config.json` or the model card of the family's instruct models: Qwen2.5,
# Qwen2.5-Coder, Qwen3 and Qwen3-Coder (the last publish 1.05), Llama 3.x, Gemma 3, Mistral Small
# and Devstral, DeepSeek-R1 and its distillates, Phi-4. Granite's card asks for greedy decoding,
# which makes candidates alike, so it gets the cautious default.
_FAMILIES: tuple[tuple[str, Sampling], ...] = (
    ("qwen2.5-coder", Sampling(0.7, 0.8, 20, 1.05)),
    ("qwen3-coder", Sampling(0.7, 0.8, 20, 1.05)),
    ("qwen3", Sampling(0.7, 0.8, 20, 1.0)),
    ("qwen", Sampling(0.7, 0.8, 20, 1.05)),
    ("llama", Sampling(0.6, 0.9)),
    ("gemma", Sampling(1.0, 0.95, 64, 1.0)),
    ("devstral", Sampling(0.15)),
    ("ministral", Sampling(0.15)),
    ("mistral", Sampling(0.15)),
    ("deepseek", Sampling(0.6, 0.95)),
    ("granite", Sampling(0.6, 0.95)),
    ("phi", Sampling(0.8, 0.95, 50)),
)
_DEFAULT = Sampling(0.6, 0.95)


def sampling(family: str, temperature: float | None = None, seed: int | None = None) -> Sampling:
    """Return the sampling of a family, at its own temperature where None is given.

    At temperature 0 nothing is drawn, so nothing but the likeliest token is asked for: a penalty
    on repetition would forbid code that repeats the names it must.
    """
    if temperature == 0:
        return Sampling(0.0, seed=seed)
    found = next((drawn for name, drawn in _FAMILIES if family.startswith(name)), _DEFAULT)
    chosen = found.temperature if temperature is None else temperature
    return replace(found, temperature=chosen, seed=seed)


def family(model: str) -> str:
    """Return the family a model's name tells, such as `qwen2.5-coder`; empty when it tells none."""
    name = model.lower().rpartition("/")[2].replace("_", "-").replace("coder:", "coder-")
    for known, _ in _FAMILIES:
        if known in name or known in name.replace("qwen-2.5", "qwen2.5"):
            return known
    return ""
