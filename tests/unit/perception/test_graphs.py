"""The graphs of musicnn and EfficientNet-Lite2 compute what PyTorch computes of equal weights."""

import numpy as np
import onnxruntime  # noqa: TID253 - runs what is tested
import torch  # noqa: TID253 - the reference itself
from torch.nn import functional as F  # noqa: N812, TID253 - its usual name

from cmean.perception.networks import efficientnet, musicnn

RANDOM = np.random.default_rng(5)


def draw(*shape, spread=0.3):
    return (RANDOM.standard_normal(shape) * spread).astype(np.float32)


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def run(graph, item):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: item})


# ---- musicnn ----

MUSICNN_KERNELS = [
    (7, 38, 1, 204),
    (7, 67, 1, 204),
    (128, 1, 1, 51),
    (64, 1, 1, 51),
    (32, 1, 1, 51),
    (7, 561, 1, 64),
    (7, 64, 1, 64),
    (7, 64, 1, 64),
]


def number(name, k):
    return f"{name}_{k}" if k else name


def musicnn_weights():
    widths = [1, *(shape[-1] for shape in MUSICNN_KERNELS), 1506, 200]
    weights = {}
    for k, shape in enumerate(MUSICNN_KERNELS):
        fan = np.prod(shape[:3])
        weights[f"{number('conv2d', k)}/kernel"] = draw(*shape, spread=fan**-0.5)
        weights[f"{number('conv2d', k)}/bias"] = draw(shape[-1])
    for k, width in enumerate(widths):
        name = number("batch_normalization", k)
        weights[f"{name}/gamma"] = 1 + draw(width, spread=0.1)
        weights[f"{name}/beta"] = draw(width)
        weights[f"{name}/moving_mean"] = draw(width)
        weights[f"{name}/moving_variance"] = 1 + np.abs(draw(width))
    for k, (rows, columns) in enumerate([(1506, 200), (200, 50)]):
        weights[f"{number('dense', k)}/kernel"] = draw(rows, columns, spread=rows**-0.5)
        weights[f"{number('dense', k)}/bias"] = draw(columns)
    return weights


def norm_last(x, weights, k):
    """Batch normalisation over the last axis, as TensorFlow has it."""
    name = number("batch_normalization", k)
    gamma, beta, mean, variance = (
        tensor(weights[f"{name}/{part}"])
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return (x - mean) / torch.sqrt(variance + 1e-3) * gamma + beta


def convolve_last(x, weights, k, pad):
    """A convolution with channels last; `pad` of time, before and after."""
    kernel = tensor(weights[f"{number('conv2d', k)}/kernel"]).permute(3, 2, 0, 1)
    bias = tensor(weights[f"{number('conv2d', k)}/bias"])
    x = F.pad(x.permute(0, 3, 1, 2), (0, 0, *pad))
    return F.relu(F.conv2d(x, kernel, bias)).permute(0, 2, 3, 1)


def musicnn_in_torch(weights, windows):
    heard = norm_last(tensor(windows)[..., None], weights, 0)
    front = []
    for k, (length, *_) in enumerate(MUSICNN_KERNELS[:5]):
        before = 3 if k < 2 else (length - 1) // 2
        after = 3 if k < 2 else length - 1 - before
        found = norm_last(convolve_last(heard, weights, k, (before, after)), weights, k + 1)
        front.append(found.amax(dim=2))
    features = [torch.cat(front, dim=2)[..., None]]
    for k in (5, 6, 7):
        found = norm_last(convolve_last(features[-1], weights, k, (3, 3)), weights, k + 1)
        found = found.permute(0, 1, 3, 2)
        features.append(found if k == 5 else found + features[-1])
    every = torch.cat(features, dim=2)
    pooled = torch.cat([every.amax(dim=1), every.mean(dim=1)], dim=2).flatten(1)
    normal = norm_last(pooled, weights, 9)
    dense = F.relu(normal @ tensor(weights["dense/kernel"]) + tensor(weights["dense/bias"]))
    units = norm_last(dense, weights, 10)
    tags = units @ tensor(weights["dense_1/kernel"]) + tensor(weights["dense_1/bias"])
    return torch.sigmoid(tags).numpy(), units.numpy()


def test_the_graph_of_musicnn_computes_what_pytorch_computes():
    weights = musicnn_weights()
    windows = np.abs(draw(2, musicnn.FRAMES, musicnn.BANDS, spread=1))
    tags, units = run(musicnn.build_musicnn_graph(weights), windows)
    expected_tags, expected_units = musicnn_in_torch(weights, windows)
    np.testing.assert_allclose(units, expected_units, atol=2e-4)
    np.testing.assert_allclose(tags, expected_tags, atol=2e-5)
    assert tags.std() > 0.05


# ---- EfficientNet-Lite2 ----

# expansion, kernel, stride, width, of each stage, and how many blocks it has
STAGES = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 3),
    (6, 5, 2, 48, 3),
    (6, 3, 2, 88, 4),
    (6, 5, 1, 120, 4),
    (6, 5, 2, 208, 5),
    (6, 3, 1, 352, 1),
]


class Weights(dict):
    def norm(self, name, width):
        self[f"{name}.weight"] = 1 + draw(width, spread=0.1)
        self[f"{name}.bias"] = draw(width, spread=0.1)
        self[f"{name}.running_mean"] = draw(width, spread=0.1)
        self[f"{name}.running_var"] = 1 + np.abs(draw(width))

    def convolution(self, name, norm, *shape):
        self[f"{name}.weight"] = draw(*shape, spread=float(np.prod(shape[1:])) ** -0.5)
        self.norm(norm, shape[0])


def blocks():
    """Expansion, kernel, stride, width in, width out of each block."""
    width = 32
    for expansion, kernel, stride, out, count in STAGES:
        for repeat in range(count):
            yield expansion, kernel, stride if repeat == 0 else 1, width, out
            width = out


def efficientnet_weights():
    weights = Weights()
    weights.convolution("_conv_stem", "_bn0", 32, 3, 3, 3)
    for k, (expansion, kernel, _, narrow, out) in enumerate(blocks()):
        wide, prefix = narrow * expansion, f"_blocks.{k}."
        if expansion > 1:
            weights.convolution(f"{prefix}_expand_conv", f"{prefix}_bn0", wide, narrow, 1, 1)
        weights.convolution(f"{prefix}_depthwise_conv", f"{prefix}_bn1", wide, 1, kernel, kernel)
        weights.convolution(f"{prefix}_project_conv", f"{prefix}_bn2", out, wide, 1, 1)
    weights.convolution("_conv_head", "_bn1", 1280, out, 1, 1)
    weights["_fc.weight"], weights["_fc.bias"] = draw(1000, 1280, spread=0.03), draw(1000)
    return weights


def convolve_same(x, weights, name, norm, stride=1):
    """A convolution padded as TensorFlow pads ("same"), then its batch normalisation."""
    kernel = tensor(weights[f"{name}.weight"])
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + kernel.shape[2] - size, 0)
        pads += [total // 2, total - total // 2]
    groups = kernel.shape[0] if kernel.shape[1] == 1 else 1
    x = F.conv2d(F.pad(x, pads), kernel, stride=stride, groups=groups)
    mean, variance, weight, bias = (
        tensor(weights[f"{norm}.{part}"])
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return F.batch_norm(x, mean, variance, weight, bias, eps=1e-3)


def efficientnet_in_torch(weights, pictures):
    x = F.relu6(convolve_same(tensor(pictures), weights, "_conv_stem", "_bn0", 2))
    for k, (expansion, _, stride, narrow, out) in enumerate(blocks()):
        prefix, inner = f"_blocks.{k}.", x
        if expansion > 1:
            inner = convolve_same(inner, weights, f"{prefix}_expand_conv", f"{prefix}_bn0")
            inner = F.relu6(inner)
        inner = convolve_same(inner, weights, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride)
        inner = F.relu6(inner)
        inner = convolve_same(inner, weights, f"{prefix}_project_conv", f"{prefix}_bn2")
        x = inner + x if stride == 1 and narrow == out and expansion > 1 else inner
    features = F.relu6(convolve_same(x, weights, "_conv_head", "_bn1")).mean(dim=(2, 3))
    logits = features @ tensor(weights["_fc.weight"]).T + tensor(weights["_fc.bias"])
    return features.numpy(), logits.numpy()


def test_the_graph_of_efficientnet_computes_what_pytorch_computes():
    weights = efficientnet_weights()
    pictures = draw(2, 3, efficientnet.SIDE, efficientnet.SIDE, spread=0.6)
    features, logits = run(efficientnet.build_efficientnet_graph(weights), pictures)
    expected_features, expected_logits = efficientnet_in_torch(weights, pictures)
    np.testing.assert_allclose(features, expected_features, atol=2e-4)
    np.testing.assert_allclose(logits, expected_logits, atol=2e-3)
    assert features.std() > 0.05
