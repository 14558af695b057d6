"""A third party's plugin, as small as it can be."""

from microworldbench.hookspecs import GeneratorSpec, hookimpl


@hookimpl
def microworldbench_generators():
    return [GeneratorSpec(name="stranger-2b", load=load, summary="a stranger's model", license="MIT")]


def load(settings):
    import numpy as np

    def generate(request):
        frames = np.full((10, 48, 64, 3), 60, np.uint8)
        frames[:, 10:20, 10:20] = 200
        return frames, 8.0

    return generate
