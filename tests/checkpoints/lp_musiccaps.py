"""LP-MusicCaps with a small BART: the tensors and files of the published checkpoint's folder."""

from checkpoints.tokenizers import signs, write_bpe

CHECKPOINT = "transfer.pth"
BART = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 160,
}
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_MERGES = ("t h", "th e", "Ġ the", "i n", "a n")


def build(folder):
    """A complete checkpoint: weights, BART's configuration, and a tokenizer of bytes."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _write_tokenizer(folder)
    config(len(vocabulary)).save_pretrained(folder)
    saved = {"epoch": 1, "state_dict": weights(len(vocabulary)), "optimizer": {"state": {}}}
    torch.save(saved, folder / CHECKPOINT)
    return folder


def config(vocabulary):
    """A small BART's configuration."""
    from transformers import BartConfig

    return BartConfig(vocab_size=vocabulary, **BART)


def weights(vocabulary):
    """The tensors by name, drawn anew; and those of its spectrogram, which are of no use here."""
    import torch

    from cmean.backends.captioners.lp_musiccaps_model import (  # noqa: PLC0415 - imports PyTorch
        LPMusicCaps,
    )

    network = LPMusicCaps(config(vocabulary))
    random = torch.Generator().manual_seed(1)
    for tensor in network.parameters():
        tensor.data.normal_(0, 0.5, generator=random)
    state = network.state_dict()
    state["audio_encoder.positional_embedding"].normal_(0, 0.2, generator=random)
    state["bart.final_logits_bias"][0, 2] = 1  # some captions end by themselves
    # decibels are large numbers, which would drown all else
    state["audio_encoder.conv1.weight"] /= 50
    return state | {
        "audio_encoder.mel_encoder.spec_fn.window": torch.hann_window(1024),
        "audio_encoder.mel_encoder.mel_scale.fb": torch.zeros(513, 128),
    }


def _write_tokenizer(folder):
    """BART's kind of vocabulary: special tokens, bytes, merges, and a mask."""
    return write_bpe(folder, _SPECIAL, signs(), _MERGES, ["<mask>"])
