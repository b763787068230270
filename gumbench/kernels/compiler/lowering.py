"""How functions are lowered: Numba's options, and its lowering pass with two things changed."""

from numba.core import lowering, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

from gumbench.machine import vector_bits

# Where a function can leave an array: Python, and containers.
KEEPING = (
    types.ObjModeDispatcher,
    types.List,
    types.ListType,
    types.Set,
    types.DictType,
    types.ClassInstanceType,
)


class WideLower(lowering.Lower):
    """Lowers a function with the wish for the machine's widest vectors.

    LLVM prefers 256 bits where 512 are faster here. Vectors it keeps on the stack are to lie within
    a cache line each: where the caller happens to leave the stack at an odd place, loops were twice
    as slow. The attributes work on our functions alone and leave Numba's own settings as they are.

    A function without a result, that hands its arrays to no Python and to no container, cannot keep
    them, and does not count references: there were 160 atomic operations a block of estimates.
    """

    def setup_function(self, fndesc):
        super().setup_function(fndesc)
        # llvmlite knows only attributes without a value.
        set.add(self.function.attributes, f'"prefer-vector-width"="{vector_bits()}"')
        set.add(self.function.attributes, '"stackrealign"')

    def extract_function_arguments(self):
        arguments = super().extract_function_arguments()
        if self._keeps_nothing():
            self.fnargs = [
                self._borrowed(kind, x)
                for kind, x in zip(self.fndesc.argtypes, arguments, strict=True)
            ]
        return self.fnargs

    def _keeps_nothing(self):
        kinds = self.fndesc.typemap.values()
        return self.fndesc.restype == types.none and not any(isinstance(k, KEEPING) for k in kinds)

    def _borrowed(self, kind, x):
        """A value whose arrays have no owner that could count."""
        if isinstance(kind, types.Array):
            array = self.context.make_array(kind)(self.context, self.builder, x)
            array.meminfo = array.meminfo.type(None)
            return array._getvalue()
        if isinstance(kind, types.BaseTuple):
            for i, item in enumerate(kind):
                inner = self._borrowed(item, self.builder.extract_value(x, i))
                x = self.builder.insert_value(x, inner, i)
        return x


@register_pass(mutates_CFG=True, analysis_only=False)
class WideLowering(NativeLowering):
    """Numba's lowering pass, by `WideLower`."""

    _name = "wide_lowering"

    @property
    def lowering_class(self):
        return WideLower


class WideCompiler(CompilerBase):
    """Numba's compiler with that one pass exchanged."""

    def define_pipelines(self):
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [
            (WideLowering if step is NativeLowering else step, description)
            for step, description in manager.passes
        ]
        manager.finalize()
        return [manager]


# `contract` lets LLVM fuse a multiply with an add and changes nothing else: results do not depend
# on the vector width, the place in a block, or the maker of the processor.
OPTIONS = {
    "fastmath": {"contract"},
    "error_model": "numpy",
    "pipeline_class": WideCompiler,
}
