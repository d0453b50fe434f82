"""Expected values of triples, against sums over all numbers that could stand there."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("llguidance")

from checkpoints import qwen3
from checkpoints.tokenizers import of_bytes

from cmean.backends import registry
from cmean.domain import GradedAnswer, Prompt, Question
from cmean.errors import ConfigError, ItemError
from cmean.inference import structured_answers
from cmean.protocols import GradingLanguageModel

CLOSE = 0.3
"""A thousandth of the probabilities is left out, of numbers to 255."""

NUMBERS = [str(value) for value in range(256)]


def answered(count, text):
    pattern = structured_answers.build_pattern(count)
    return Question(Prompt(text), structured_answers.limit_tokens(count), pattern, graded=True)


QUESTIONS = [answered(2, "A calm sea. " * 9), answered(1, "Drums."), answered(3, "Fog and rain.")]


def loaded(folder, **parameters):
    model = registry.create_mapper("qwen3", {"model": str(folder), "dtype": "float32"} | parameters)
    model.load()
    return model


def singly():
    """A tokenizer that has a token a digit, as Qwen's."""
    return of_bytes(qwen3.SPECIAL, eos=qwen3.END, pad=qwen3.PAD, template=qwen3.TEMPLATE)


@pytest.fixture(scope="module", params=["digit by digit", "several digits a token"])
def folder(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graded")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "digit by digit":
            patch.setattr(qwen3, "tokenizer", singly)
        return qwen3.build(folder, context=4096)


@pytest.fixture(scope="module")
def model(folder):
    return loaded(folder)


class Reference:
    """Sums over all ways to write a number: a forward for each beginning, without any cache."""

    def __init__(self, folder):
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.network = AutoModelForCausalLM.from_pretrained(folder)
        self.words = words = AutoTokenizer.from_pretrained(folder)
        self.texts = {
            token: text
            for token in range(len(words))
            if (text := words.decode([token])).isascii() and token not in words.all_special_ids
        }
        self.digits = {token: text for token, text in self.texts.items() if text.isdigit()}

    def score(self, prompt, continuations):
        """The scores of the next token after the prompt and each of the continuations."""
        import torch

        found = {}
        for length in {len(one) for one in continuations}:
            alike = [one for one in continuations if len(one) == length]
            with torch.inference_mode():
                scores = self.network(torch.tensor([[*prompt, *one] for one in alike])).logits
            found |= dict(zip(alike, scores[:, -1].double().numpy(), strict=True))
        return found

    def distribute(self, prompt, end):
        """The probability of each number before the text `end`."""
        masses, beginnings = dict.fromkeys(NUMBERS, 0.0), {(): ("", 1.0)}
        while beginnings:
            scores, longer = self.score(prompt, list(beginnings)), {}
            for tokens, (digits, mass) in beginnings.items():
                going_on = {
                    token: text for token, text in self.digits.items() if digits + text in NUMBERS
                }
                ending = {token: None for token, text in self.texts.items() if text == end}
                allowed = [*going_on, *(ending if digits else ())]
                raised = np.exp(scores[tokens][allowed] - scores[tokens][allowed].max())
                for token, share in zip(allowed, raised / raised.sum(), strict=True):
                    if token not in going_on:
                        masses[digits] += mass * share
                        continue
                    grown = digits + going_on[token]
                    if any(grown + text in NUMBERS for text in self.digits.values()):
                        longer[*tokens, token] = (grown, mass * share)
                    else:
                        masses[grown] += mass * share
            beginnings = longer
        return np.array([masses[number] for number in NUMBERS])


def test_grades_are_those_of_all_numbers_that_could_stand_there(folder, model):
    reference = Reference(folder)
    asked = QUESTIONS[1]
    (found,) = model.grade([asked])
    words = reference.words
    begun = words.apply_chat_template(
        [{"role": "user", "content": asked.prompt.user}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    for place, (value, end) in enumerate(re.findall(r"(\d+)([,)])", found.text)):
        before = re.match(rf"RGB: \((\d+,){{{place}}}", found.text)[0]
        # the tokens of the greedy answer, which numbers of several digits may have in several ways
        spelled = words(begun, add_special_tokens=False)["input_ids"]
        for piece in re.findall(r"RGB:| \(|\d+|,", before):
            spelled += spell(reference, spelled, piece)
        masses = reference.distribute(spelled, end)
        assert masses.sum() == pytest.approx(1)
        values = np.arange(256)
        mean = values @ masses
        assert found.means[place] == pytest.approx(mean, abs=CLOSE)
        spread = np.sqrt((values - mean) ** 2 @ masses)
        assert found.spreads[place] == pytest.approx(spread, abs=CLOSE)
        assert value in NUMBERS


def spell(reference, prompt, piece):
    """The tokens of a piece of the greedy answer."""
    if not piece.isdigit():
        return reference.words(piece, add_special_tokens=False)["input_ids"]
    tokens, left = [], piece
    while left:
        scores = reference.score([*prompt, *tokens], [()])[()]
        fitting = [token for token, text in reference.digits.items() if left.startswith(text)]
        tokens.append(max(fitting, key=lambda token: scores[token]))
        left = left[len(reference.digits[tokens[-1]]) :]
    return tokens


def test_the_graded_answer_is_the_greedy_one(model):
    graded, greedy = model.grade(QUESTIONS), model.write(QUESTIONS)
    assert [(one.text, one.tokens) for one in graded] == [(one.text, one.tokens) for one in greedy]
    assert [len(one.means) for one in graded] == [6, 3, 9]


def test_grades_do_not_depend_on_the_batch(model):
    together = model.grade(QUESTIONS)
    alone = [model.grade([question])[0] for question in QUESTIONS]
    for one, other in zip(together, alone, strict=True):
        assert one.text == other.text
        np.testing.assert_allclose(one.means + one.spreads, other.means + other.spreads, atol=CLOSE)


def test_an_answer_that_is_cut_has_no_grades(model):
    short = Question(Prompt("Drums."), 5, structured_answers.build_pattern(1))
    cut, whole = model.grade([short, QUESTIONS[1]])
    assert cut.reason == "answer-cut"
    assert isinstance(whole, GradedAnswer)
    with pytest.raises(ItemError) as raised:
        model.grade([Question(Prompt("Drums."), 5)])
    assert raised.value.reason == "bad-pattern"


def test_fewer_are_graded_at_once_where_memory_lacks(model):
    import torch

    wanted, refused = model.grade(QUESTIONS), []

    def check(module, given):
        if isinstance(module, torch.nn.Embedding) and len(given[0]) > 1:
            refused.append(module)
            raise torch.OutOfMemoryError("CUDA out of memory")

    handle = torch.nn.modules.module.register_module_forward_pre_hook(check)
    try:
        found = model.grade(QUESTIONS)
    finally:
        handle.remove()
    assert refused
    assert [one.text for one in found] == [one.text for one in wanted]


def test_a_model_that_does_not_see_the_whole_text_is_refused(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "sliding")
    config = json.loads((copy / "config.json").read_text())
    layers = ["full_attention", "sliding_attention"]
    config |= {"use_sliding_window": True, "sliding_window": 8, "layer_types": layers}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="attend to the whole text") as raised:
        loaded(copy).grade(QUESTIONS)
    assert "\n" not in str(raised.value)


def test_which_models_can_grade(model):
    assert isinstance(model, GradingLanguageModel)
    server = registry.create_mapper("openai", {"model": "m", "revision": "1"})
    assert not isinstance(server, GradingLanguageModel)
