from gumbench.api import estimate as estimate
from gumbench.api import exact_gradient as exact_gradient
from gumbench.api import make_problem as make_problem
from gumbench.errors import GumbenchError as GumbenchError
from gumbench.errors import InputError as InputError
from gumbench.runs.folders import load as load
from gumbench.runs.results import Results as Results
from gumbench.runs.run import sweep as sweep
from gumbench.sampling import categorical as categorical
from gumbench.sampling import concrete as concrete
from gumbench.sampling import gumbel as gumbel
from gumbench.sampling import gumbel_top_k as gumbel_top_k
from gumbench.spec.schema import SweepSpec as SweepSpec
from gumbench.types import Cost as Cost
from gumbench.types import Estimator as Estimator
from gumbench.types import Noise as Noise
from gumbench.types import Problem as Problem
from gumbench.types import Sizes as Sizes
from gumbench.types import Truth as Truth
from gumbench.types import problem as problem
from gumbench.user_code.estimator import estimator as estimator
from gumbench.user_code.problem import CategoricalProblem as CategoricalProblem
from gumbench.user_code.problem import GaussianProblem as GaussianProblem
from gumbench.user_code.problem import one_hot as one_hot
from gumbench.user_code.trajectory import TrajectoryProblem as TrajectoryProblem

__version__: str
