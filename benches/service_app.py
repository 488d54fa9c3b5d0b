"""The peer of single calls: the same encoder behind FastAPI, as a service would offer it.

`BENCH_MODE` says how calls reach the model: `inline` (in the event loop: the worker does nothing else), `threads`
(FastAPI's thread pool), `batched` (calls that wait are joined, up to 16, padded). `BENCH_THREADS` is the session's.
"""

import asyncio
import os
from contextlib import asynccontextmanager

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request, Response
from orjson import OPT_SERIALIZE_NUMPY, dumps, loads
from tokenizers import Tokenizer

MODE = os.environ["BENCH_MODE"]
LARGEST_BATCH = 16

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ["BENCH_THREADS"])
options.inter_op_num_threads = 1
run = onnxruntime.InferenceSession(os.environ["BENCH_MODEL"], options, providers=["CPUExecutionProvider"]).run
tokenizer = Tokenizer.from_file(os.environ["BENCH_TOKENIZER"])
tokenizer.no_padding()
tokenizer.enable_truncation(256)


def embed(texts: list[str]) -> np.ndarray:
    encodings = tokenizer.encode_batch(texts)
    width = max(len(encoding.ids) for encoding in encodings)
    ids = np.zeros((len(texts), width), np.int64)
    mask = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    hidden = run(
        ["last_hidden_state"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    )[0]
    weight = mask[:, :, None].astype(np.float32)
    pooled = (hidden * weight).sum(axis=1) / weight.sum(axis=1)
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def answer(embedding: np.ndarray) -> Response:
    return Response(dumps({"embedding": embedding}, option=OPT_SERIALIZE_NUMPY), media_type="application/json")


async def join_calls(queue: asyncio.Queue) -> None:
    loop = asyncio.get_running_loop()
    while True:
        waiting = [await queue.get()]
        while len(waiting) < LARGEST_BATCH and not queue.empty():
            waiting.append(queue.get_nowait())
        # In a thread, so that the next calls are read meanwhile.
        embeddings = await loop.run_in_executor(None, embed, [text for text, _ in waiting])
        for (_, future), embedding in zip(waiting, embeddings):
            future.set_result(embedding)


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.queue = asyncio.Queue()
    joining = asyncio.create_task(join_calls(app.state.queue))
    yield
    joining.cancel()


app = FastAPI(lifespan=lifespan)

if MODE == "inline":

    @app.post("/embed")
    async def embed_inline(request: Request) -> Response:
        return answer(embed([loads(await request.body())["text"]])[0])

elif MODE == "threads":

    @app.post("/embed")
    async def embed_in_thread(request: Request) -> Response:
        text = loads(await request.body())["text"]
        return answer((await asyncio.to_thread(embed, [text]))[0])

else:

    @app.post("/embed")
    async def embed_batched(request: Request) -> Response:
        future = asyncio.get_running_loop().create_future()
        await app.state.queue.put((loads(await request.body())["text"], future))
        return answer(await future)
