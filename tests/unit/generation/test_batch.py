"""Rows that come and go in a batch: what they write, what is counted, and memory that lacks."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("llguidance")

from checkpoints import qwen3

from cmean import torch_tools
from cmean.generation import drawing
from cmean.generation.batch import GenerationBatch
from cmean.generation.capacity import RowCapacity
from cmean.generation.jobs import GeneratedTokens, GenerationJob
from cmean.generation.network import CachedNetwork, ReadRows
from cmean.generation.patterns import PatternMatchers
from cmean.generation.sampling import Sampling
from cmean.inference import structured_answers

PAD, NEVER = 0, 10**9
WIDTH = 200


def built(make=None, **config):
    """A tiny random network of some architecture; only its shape matters."""
    import torch
    import transformers

    torch.manual_seed(0)
    shape = {
        "vocab_size": WIDTH,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 4096,
    }
    config = getattr(transformers, make or "Qwen3Config")(**(shape | config))
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 0.3)
    return model


@pytest.fixture(scope="module")
def network():
    return built()


def batch_of(network, rows, ends=(NEVER,)):
    return GenerationBatch(CachedNetwork(network, PAD), ends, RowCapacity(rows))


def job(length, most, **sampling):
    import torch

    noise = torch.Generator().manual_seed(length)
    ids = torch.randint(1, WIDTH, (1, length), generator=noise)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return GenerationJob(given, most, Sampling(**sampling))


def run(batch, jobs):
    """Run jobs as an engine's thread does: as many as there is room for, as soon as there is."""
    waiting, found = dict(enumerate(jobs)), {}
    while len(found) < len(jobs):
        room = batch.count_free_rows()
        batch.add({number: waiting.pop(number) for number in [*waiting][: max(0, room)]})
        found |= batch.step()
    return [found[number] for number in range(len(jobs))]


def written_by(network, one):
    """What transformers writes for one job, greedily."""
    import torch

    ids = one.inputs["input_ids"]
    with torch.inference_mode():
        rows = network.generate(ids, do_sample=False, max_new_tokens=one.max_tokens)
    return rows[0, ids.shape[1] :].tolist()


UNEQUAL = [(5, 30), (40, 3), (17, 12), (2, 25), (90, 9), (1, 1), (33, 18), (8, 40), (60, 2)]

ARCHITECTURES = {
    "attention": {},
    "sliding": {
        "make": "Gemma2Config",
        "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "linear": {
        "make": "Qwen3_5TextConfig",
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
    "chunked": {
        "make": "Llama4TextConfig",
        "attention_chunk_size": 8,
        "intermediate_size_mlp": 64,
        "num_local_experts": 2,
    },
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_rows_that_come_and_go_write_what_transformers_writes_for_each(name):
    network = built(**ARCHITECTURES[name])
    batch = batch_of(network, 4)
    jobs = [job(*sizes) for sizes in UNEQUAL]
    found = run(batch, jobs)
    assert [one.tokens for one in found] == [written_by(network, one) for one in jobs]
    assert batch.capacity == (1 if name == "chunked" else 4)


def test_rows_end_by_their_own_caps_and_by_tokens_that_end(network):
    tokens = written_by(network, job(5, 30))
    end = tokens[10]
    first = tokens.index(end)
    ended, cut = run(batch_of(network, 2, [end]), [job(5, 30), job(5, first)])
    assert (ended.tokens, ended.ended) == (tokens[:first], True)
    assert (cut.tokens, cut.ended) == (tokens[:first], False)


def test_drawn_tokens_do_not_depend_on_the_batch(network):
    jobs = [
        job(n + 1, most, temperature=1.0, top_k=50, penalty=1.3, seed=n)
        for n, (_, most) in enumerate(UNEQUAL)
    ]
    together = [one.tokens for one in run(batch_of(network, 4), jobs)]
    assert together == [run(batch_of(network, 1), [one])[0].tokens for one in jobs]
    assert len({tuple(tokens[:1]) for tokens in together}) > 3


# --- the useful share of steps ---------------------------------------------------------------


def draw_lengths(count):
    """Lengths of captions like the study's: mean 90, the longest 407."""
    lengths = np.random.default_rng(0).lognormal(0, 0.4, count)
    lengths *= (90 * count - 407) / (lengths.sum() - lengths.max())
    lengths[lengths.argmax()] = 407
    return lengths.round().astype(int).tolist()


def test_the_useful_share_of_steps_is_high_whatever_the_lengths():
    lengths, rows = draw_lengths(400), 40
    assert np.mean(lengths) == pytest.approx(90, abs=1)
    static = [lengths[start : start + rows] for start in range(0, 400, rows)]
    static_share = sum(lengths) / sum(rows * max(one) for one in static)
    assert static_share == pytest.approx(0.46, abs=0.05)

    batch = batch_of(built(num_hidden_layers=1, hidden_size=16), rows)
    run(batch, [job(1 + n % 7, length) for n, length in enumerate(lengths)])
    counts = batch.counts
    # the first token of a row comes from reading its input
    assert counts.writing_rows == sum(lengths) - len(lengths)
    assert counts.room == rows * counts.steps
    assert counts.useful_share >= 0.85


# --- tokens that a pattern forces ------------------------------------------------------------


@pytest.fixture(scope="module")
def rater():
    """A network and the matchers of patterns for its tokenizer."""
    words = qwen3.tokenizer()
    width = len(words) + 10
    return built(vocab_size=width), PatternMatchers(words, width, [words.eos_token_id]), words


def test_forced_tokens_take_no_step_of_their_own(rater):
    network, patterns, words = rater
    pattern, most = structured_answers.build_pattern(5), structured_answers.limit_tokens(5)

    def asked(rows):
        batch = batch_of(network, rows, [words.eos_token_id])
        batch.patterns = patterns
        jobs = []
        for number in range(6):
            matcher = patterns.create_matcher(pattern)
            given = job(9 + 5 * number, most)
            sampling = Sampling(float(number % 2), seed=number)
            jobs.append(GenerationJob(given.inputs, most, sampling, matcher))
        return batch, run(batch, jobs)

    batch, found = asked(6)
    assert all(one.ended for one in found)
    texts = [words.decode(one.tokens) for one in found]
    assert all(structured_answers.read_triples(text, 5) for text in texts)
    alone, singly = asked(1)
    assert singly == found
    # alone, each step draws one token: all others were forced, or came from reading the input
    tokens = sum(len(one.tokens) for one in found)
    assert alone.counts.steps == tokens - alone.counts.forced_tokens - len(found)
    assert batch.counts.forced_tokens == alone.counts.forced_tokens > tokens / 3


# --- memory ----------------------------------------------------------------------------------


@pytest.fixture
def memory():
    """Memory that is full where more rows than `most` are read or written at once."""
    import torch

    class Memory:
        most = NEVER
        refused = 0

        def check(self, module, given):
            if isinstance(module, torch.nn.Embedding) and len(given[0]) > self.most:
                self.refused += 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    found = Memory()
    handle = torch.nn.modules.module.register_module_forward_pre_hook(found.check)
    yield found
    handle.remove()


@pytest.mark.parametrize("most", [1, 3, 5])
def test_fewer_rows_run_at_once_where_memory_lacks(network, memory, most):
    jobs = [job(*sizes) for sizes in UNEQUAL]
    wanted = run(batch_of(network, 8), jobs)
    memory.most = most
    batch = batch_of(network, 8)
    assert run(batch, jobs) == wanted
    assert memory.refused
    assert batch.capacity <= most + 1  # it tries one more from time to time


def test_rows_that_run_start_anew_from_what_they_have_written_when_memory_becomes_scarce(
    network, memory
):
    jobs = [job(5 + n, 20, temperature=1.0, seed=n) for n in range(6)]
    wanted = run(batch_of(network, 6), jobs)
    batch = batch_of(network, 6)
    batch.add(dict(enumerate(jobs)))
    found = dict(batch.step())
    for _ in range(5):
        found |= batch.step()
    memory.most = 3
    while len(found) < len(jobs):
        found |= batch.step()
    assert [found[n] for n in range(6)] == wanted
    assert memory.refused
    memory.most = NEVER
    # it grows again
    assert batch.capacity == 3
    run(batch, [job(3, 200) for _ in range(6)])
    assert batch.capacity > 3


def test_a_row_that_does_not_fit_alone_fails_alone(network, memory):
    batch = batch_of(network, 2)
    memory.most = 0
    (failed,) = run(batch, [job(5, 5)])
    assert isinstance(failed, MemoryError)
    memory.most = NEVER
    assert isinstance(run(batch, [job(5, 5)])[0], GeneratedTokens)


def test_how_many_rows_fit_follows_from_memory():
    capacity = RowCapacity()
    capacity.note_measurement(rows=0, row_bytes=10, free_bytes=1000)
    assert capacity.rows == 85  # a part is left for what a step needs
    capacity.note_measurement(rows=80, row_bytes=20, free_bytes=100)
    assert capacity.rows == 84
    capacity.note_measurement(rows=0, row_bytes=10, free_bytes=5)
    assert capacity.rows == 1  # always one: whether it fits is tried


def test_an_input_that_the_network_cannot_take_fails_alone(network):
    good = [job(5, 5), job(40, 9), job(17, 3)]
    wrong = job(9, 5)
    wrong.inputs["input_ids"][0, 3] = WIDTH + 7
    *found, failed = run(batch_of(network, 8), [*good, wrong])
    assert found == run(batch_of(network, 8), good)
    assert isinstance(failed, IndexError)


@pytest.mark.parametrize(("name", "rows"), [("keep", 4), ("append", 12), ("replace", 4)])
def test_no_row_is_lost_where_memory_lacks_while_rows_are_joined(network, monkeypatch, name, rows):
    """Rows that ended, that run, that were being read, and that wait."""
    jobs = [job(5 + n, 3 + n % 7 * 5, temperature=1.0, seed=n) for n in range(20)]
    wanted = run(batch_of(network, rows), jobs)
    refused = []
    done = getattr(ReadRows, name)

    def refuse(self, *arguments):
        if not refused:
            refused.append(arguments)
            raise MemoryError("full")
        return done(self, *arguments)

    monkeypatch.setattr(ReadRows, name, refuse)
    assert run(batch_of(network, rows), jobs) == wanted
    assert refused


def test_a_draw_is_the_same_when_it_is_repeated(network, monkeypatch):
    """Memory lacks after the random numbers were taken."""
    jobs = [job(5 + n, 12, temperature=1.0, seed=n) for n in range(4)]
    wanted = run(batch_of(network, 4), jobs)
    keep, calls = drawing._keep_most_probable, []  # noqa: SLF001 - what takes most memory

    def refuse(*arguments):
        calls.append(arguments)
        if len(calls) in {2, 7}:
            raise MemoryError("full")
        return keep(*arguments)

    monkeypatch.setattr(drawing, "_keep_most_probable", refuse)
    assert run(batch_of(network, 4), jobs) == wanted
    assert len(calls) > 7


def test_free_memory_of_several_gpus_is_that_of_the_fullest_on_each(monkeypatch):
    import torch

    free = {"cuda:0": (100, 7, 5), "cuda:1": (60, 10, 10)}
    for place, name in enumerate(("mem_get_info", "memory_reserved", "memory_allocated")):
        found = {key: values[place] for key, values in free.items()}
        if place == 0:
            monkeypatch.setattr(torch.cuda, name, lambda device, found=found: (found[device], 0))
        else:
            monkeypatch.setattr(torch.cuda, name, lambda device, found=found: found[device])
    assert torch_tools.count_free_bytes(["cuda:0", "cuda:1"]) == 120
