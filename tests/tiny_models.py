"""Small pretrained networks with random weights, in the form in which their libraries publish them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hay", "sun", "sea", "portrait", "of", "a", "the", "s"]
TIMM = "test_resnet"  # 0.5 M parameters, 160 px


def tiny_timm(folder: Path, seed: int = 0, name: str = TIMM) -> Any:
    """Write a network as timm writes it for the hub, and return it."""
    from timm.models import save_for_hf

    from artextract.encoders.weights import timm_model

    torch.manual_seed(seed)
    net = timm_model(name, "none", "").eval()
    save_for_hf(net, str(folder), safe_serialization=True)
    return net


def tiny_sentence_transformer(folder: Path, seed: int = 0) -> Any:
    """Write a SentenceBERT of two layers and 13 words, and return it."""
    from artextract.encoders.torchvision_cure import import_torchvision

    import_torchvision()
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(seed)
    bert = folder.with_name(f"{folder.name}-bert")
    bert.mkdir(parents=True)
    (bert / "vocab.txt").write_text("\n".join(WORDS))
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=32,
    )  # fmt: skip
    BertModel(config).save_pretrained(bert)
    AutoTokenizer.from_pretrained(bert).save_pretrained(bert)
    words = Transformer(str(bert), max_seq_length=16)
    net = SentenceTransformer(modules=[words, Pooling(16)], device="cpu")
    net.save(str(folder))
    return net
