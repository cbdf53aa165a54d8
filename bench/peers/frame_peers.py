# SPDX-License-Identifier: MIT
"""What whole_frames.py compares with: the same network in PyTorch, OpenVINO and ONNX Runtime.

    peers(network, options) -> {name: frames}
frames(picture, count) takes `count` pictures from resize to detections; of heavy parts alone, it runs them `count` times.
Two threads each, as options.precision says. Peers that are not installed are left out.
"""
import contextlib
import tempfile

import torch

from network import BackboneRpn, BoxHead, prepared
from quantized import quantized

PARTS = "backbone + RPN head + box head alone"


def examples(side):
    """What the two parts read."""
    random = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, side, side, generator=random), torch.rand(1000, 256, 7, 7, generator=random)


def torch_frames(modules, feeds, context):
    def frames(picture, count):
        with torch.inference_mode(), context():
            for _ in range(count):
                for module, feed in zip(modules, feeds):
                    module(feed(picture))

    return frames


def make_pytorch(network, options):
    return {"PyTorch f32, eager": torch_frames([network], [lambda picture: prepared(picture, options.side)], contextlib.nullcontext)}


def make_autocast(network, options):
    """Convolutions and matrices in bf16, the weights converted once a round."""
    def bf16():
        return torch.autocast("cpu", torch.bfloat16)

    whole = torch_frames([network], [lambda picture: prepared(picture, options.side)], bf16)
    feeds = [lambda _, fixed=example: fixed for example in examples(options.side)]
    parts = torch_frames([BackboneRpn(network), BoxHead(network)], feeds, bf16)
    return {"PyTorch bf16 autocast, whole network": whole, f"PyTorch bf16 autocast, {PARTS}": parts}


def openvino_models(network, options):
    import openvino
    shown = (torch.rand(1, 3, options.side, options.side) * 255, *examples(options.side))
    modules = {"whole": network, "backbone-rpn": BackboneRpn(network), "box-head": BoxHead(network)}
    models = {name: openvino.convert_model(module.eval(), example_input=example, input=list(example.shape))
              for (name, module), example in zip(modules.items(), shown)}
    return quantized(models, network, options) if options.precision == "int8" else models


def openvino_frames(models, streams, feeds, precision):
    import openvino
    # What NNCF leaves out of int8 is in bf16 where the CPU has that, which is OpenVINO's own choice.
    hint = {} if precision == "int8" else {"INFERENCE_PRECISION_HINT": precision}
    settings = {"INFERENCE_NUM_THREADS": 2, "NUM_STREAMS": streams, **hint}
    queues = [openvino.AsyncInferQueue(openvino.Core().compile_model(model, "CPU", settings), streams) for model in models]

    def frames(picture, count):
        for queue, feed in zip(queues, feeds):
            for _ in range(count):
                queue.start_async(feed(picture))
            queue.wait_all()

    return frames


def make_openvino(network, options):
    whole, *parts = openvino_models(network, options).values()
    feeds = [lambda _, fixed=example.numpy(): fixed for example in examples(options.side)]
    result = {}
    for streams in (1, 2):
        name = f"{streams} stream{'s' * (streams > 1)}"
        result[f"OpenVINO {options.precision}, whole network, {name}"] = openvino_frames(
            [whole], streams, [lambda picture: prepared(picture, options.side).numpy()], options.precision)
        result[f"OpenVINO {options.precision}, {PARTS}, {name}"] = openvino_frames(parts, streams, feeds, options.precision)
    return result


def make_onnxruntime(network, options):
    import onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 2
    sessions = []
    for part, example in zip((BackboneRpn(network), BoxHead(network)), examples(options.side)):
        with tempfile.TemporaryDirectory() as folder:
            torch.onnx.export(part.eval(), (example,), folder + "/part.onnx", dynamo=False)
            session = onnxruntime.InferenceSession(folder + "/part.onnx", settings, ["CPUExecutionProvider"])
        sessions.append((session, {session.get_inputs()[0].name: example.numpy()}))

    def frames(_, count):
        for _ in range(count):
            for session, feed in sessions:
                session.run(None, feed)

    return {f"ONNX Runtime f32, {PARTS}": frames}


# PyTorch f32 is in all: goals are stated as times that, too.
MAKERS = {"f32": (make_pytorch, make_openvino, make_onnxruntime),
          "bf16": (make_pytorch, make_autocast, make_openvino),
          "int8": (make_pytorch, make_openvino)}


def peers(network, options):
    result = {}
    for make in MAKERS[options.precision]:
        try:
            result.update(make(network, options))
        except ImportError as error:
            print(f"left out: {error}")
    return result
