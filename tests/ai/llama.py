"""A real llama.cpp server with a model that this file makes up: random weights, a vocabulary of bytes.

Its protocol, its streaming, its refusals and its keeping to a JSON Schema are real. What it says is nonsense of the right
form, which is what a change of a panel has to be safe from. ``random_model()`` runs it in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nexus_jupyter.protocol.ai import Endpoint

__all__ = ["random_model"]

_TEMPLATE = "{% for m in messages %}<{{m.role}}>{{m.content}}\n{% endfor %}<assistant>"
_WIDTH, _HEADS, _LAYERS, _INNER = 64, 4, 2, 128


@contextmanager
def random_model(*, context: int = 8192, slots: int = 1, seed: int = 0, **fields: object) -> Iterator[Endpoint]:
    """Run the server on loopback and yield its endpoint.

    Parameters
    ----------
    context
        Tokens, each about a byte, that a slot takes.
    slots
        Requests at the same time.
    seed
        Of the weights and of what is drawn: the same seed answers the same requests in the same way.
    fields
        More of the endpoint.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.ai.llama", folder, str(context), str(slots), str(seed)]
        root = Path(__file__).parents[2]
        # Standard input is the leash: when this process is gone, so is that one.
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdin
        assert process.stdout
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), f"llama.cpp did not start: {address!r}, {process.poll()}"
            given = {"name": "random", "url": f"{address}/v1", "model": "random", "window": context, "answer": 512}
            yield Endpoint.model_validate(given | fields)
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def _write(path: Path, context: int, seed: int) -> None:
    import gguf
    import numpy as np

    kinds = gguf.TokenType
    vocabulary = [(b"<unk>", kinds.UNKNOWN), (b"<s>", kinds.CONTROL), (b"</s>", kinds.CONTROL)]
    vocabulary += [(f"<0x{byte:02X}>".encode(), kinds.BYTE) for byte in range(256)]
    vocabulary += [(chr(code).encode(), kinds.NORMAL) for code in range(33, 127)]
    vocabulary.append(("\u2581".encode(), kinds.NORMAL))
    size = len(vocabulary)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("random")
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(size)
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_scores([0.0] * size)
    writer.add_token_types([int(kind) for _, kind in vocabulary])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(_TEMPLATE)
    draw = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray:
        return (draw.standard_normal(shape) * 0.05).astype(np.float32)

    ones = np.ones(_WIDTH, np.float32)
    writer.add_tensor("token_embd.weight", weights(size, _WIDTH))
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", weights(size, _WIDTH))
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}{name}.weight", weights(_WIDTH, _WIDTH))
        writer.add_tensor(f"{block}attn_norm.weight", ones)
        writer.add_tensor(f"{block}ffn_norm.weight", ones)
        writer.add_tensor(f"{block}ffn_gate.weight", weights(_INNER, _WIDTH))
        writer.add_tensor(f"{block}ffn_up.weight", weights(_INNER, _WIDTH))
        writer.add_tensor(f"{block}ffn_down.weight", weights(_WIDTH, _INNER))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _serve(folder: Path, context: int, slots: int, seed: int) -> None:
    import xllamacpp

    path = folder / "random.gguf"
    _write(path, context, seed)
    given = xllamacpp.CommonParams()
    given.model.path = str(path)
    given.model_alias = {"random"} if isinstance(given.model_alias, set) else "random"
    given.n_ctx = context * slots
    given.n_parallel = slots
    given.warmup = False
    given.port = 0
    given.hostnames = ["127.0.0.1"]
    # Several would wait for each other by spinning, and take the processor from whoever else is there.
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = 1
    given.sampling.seed = seed
    server = xllamacpp.Server(given)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:5]))
