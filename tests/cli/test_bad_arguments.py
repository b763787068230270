"""Every argument and option of every command, given wrongly: a row is what is typed and said."""

import shlex

import pytest
from refusals import LONG, TOY, contents, in_a_process, refused

from gumbench.cli import main

# fmt: off
TYPED = [
    # the command itself
    ("--bogus", 2, "No such option: --bogus"),
    ("swep", 2, "sweep"),
    ("sweep --estimatr score", 2, "--estimator"),
    ("sweep '--bogus[/]'", 2, "--bogus[/]"),
    ("sweep lecture smoke", 2, "unexpected extra argument"),
    ("sweep --seed", 2, "requires an argument"),
    ("sweep --force=yes", 2, "--force"),
    ("sweep --trust=yes", 2, "'--trust' does not take a value"),
    ("sweep --trust yes", 2, "no preset is called 'yes'"),
    ("sweep --components=1", 2, "'--components' does not take a value"),
    ("sweep --dry-run=no", 2, "'--dry-run' does not take a value"),
    ("sweep --fail-fast=1", 2, "'--fail-fast' does not take a value"),
    ("sweep -x", 2, "No such option: -x"),
    ("--version=1", 2, "does not take a value"),
    ("''", 2, "No such command ''"),
    # list
    ("list estimator", 2, "did you mean estimators"),
    ("list ''", 2, "no kind is called ''"),
    ("list tables", 2, "no kind is called 'tables'"),
    ("list problems presets", 2, "unexpected extra argument"),
    ("list --all", 2, "No such option: --all"),
    ("list --for", 2, "requires an argument"),
    ("list --for ''", 2, "no problem is called ''"),
    ("list --for xyzzy", 2, "no problem is called 'xyzzy'"),
    ("list --for gausian-kl", 2, "did you mean gaussian-kl or"),
    ("list --for score", 2, "no problem is called 'score'"),
    ("list --for '*'", 2, "problems: give one, as bernoulli-sum"),
    ("list --for 'xy*'", 2, "no name of the problems matches 'xy*'"),
    ("list --for @unbiased", 2, "problems have no tags"),
    ("list --for missing.py", 2, "cannot read missing.py: No such file"),
    ("list problems --for bernoulli-toy", 2, "no estimator is called 'bernoulli-toy'"),
    ("list problems --for reinforced", 2, "did you mean score or"),
    ("list problems --for @unbiased", 2, "estimators: give one, as arm"),
    ("list problems --for @unbiasd", 2, "give @unbiased, @biased"),
    ("list presets --for lecture", 2, "--for goes with estimators and problems, not with presets"),
    ("list runs --for score", 2, "not with runs"),
    # throughput
    ("throughput now", 2, "unexpected extra argument"),
    ("throughput --jobs ''", 2, "--jobs is empty"),
    ("throughput --jobs xyzzy", 2, "no job is called 'xyzzy'"),
    ("throughput --jobs drawz", 2, "did you mean draws"),
    ("throughput --samplers xyzzy", 2, "no sampler is called 'xyzzy'"),
    ("throughput --samplers @unbiased", 2, "samplers have no tags"),
    ("throughput --peers xyzzy", 2, "no library is called 'xyzzy'"),
    ("throughput --peers ''", 2, "--peers is empty"),
    ("throughput --peers nunpy", 2, "did you mean numpy"),
    ("throughput --dimensions 0", 2, "dimensions: give 1 or more"),
    ("throughput --dimensions 1e7", 2, "samplers are timed at up to 4,194,304 categories"),
    ("throughput --dimensions ten", 2, "--dimensions"),
    ("throughput --rows 0", 2, "rows: give 1 or more"),
    ("throughput --draws -1", 2, "draws: give 1 or more"),
    ("throughput --dtypes float16", 2, "dtypes"),
    ("throughput --threads 0", 2, "--threads 0: give 1 or more"),
    ("throughput --threads 1000", 2, "--threads 1000: this machine has"),
    ("throughput --logits xyzzy", 2, "no law of logits is called 'xyzzy'"),
    ("throughput --logits missing.npy", 2, "cannot read missing.npy: No such file"),
    ("throughput --output ''", 2, "--output ''"),
    ("throughput --output --force", 2, "--output"),
    ("throughput --calibrate --jobs draws", 2, "--calibrate has shapes of its own"),
    ("throughput --peers missing.py:mine", 2, "cannot read missing.py: No such file"),
    ("throughput --peers missing.py", 2, "missing.py: give FILE.py:NAME"),
    ("throughput --quiet=1", 2, "'--quiet' does not take a value"),
    # explain
    ("explain", 2, "NAME"),
    ("explain ''", 2, "no estimator, problem or sampler is called ''"),
    ("explain xyzzy", 2, "`gumbench list` shows what there is"),
    ("explain reinforced", 2, "did you mean score or"),
    ("explain categorical-quadratics", 2, "did you mean categorical-quadratic"),
    ("explain 'con*'", 2, "called 'con*'"),
    ("explain @unbiased", 2, "no estimator, problem or sampler is called '@unbiased'"),
    ("explain '[bold]'", 2, "called '[bold]'"),
    ("explain score concrete", 2, "unexpected extra argument"),
    ("explain score,concrete", 2, "called 'score,concrete'"),
    ("explain lecture", 2, "no estimator, problem or sampler is called 'lecture'"),
    ("explain missing.py", 2, "cannot read missing.py: No such file"),
    ("explain missing.py:f", 2, "cannot read missing.py: No such file"),
    ("explain 'a\0.py'", 2, "no estimator, problem or sampler is called"),
    ("explain --bibtex", 2, "NAME"),
    ("explain --bibtex=yes score", 2, "'--bibtex' does not take a value"),
    ("explain --bibtex exact", 2, "exact has no paper"),
    ("explain --bibtex gaussian-kl", 2, "gaussian-kl is a problem: --bibtex goes with"),
    # info
    ("info now", 2, "unexpected extra argument"),
    ("info --clear-cache=no", 2, "'--clear-cache' does not take a value"),
    ("info --debug", 2, "No such option: --debug"),
    # compare and export without a run
    ("compare", 2, "there is no run in results/"),
    ("compare ''", 2, "is no run folder"),
    ("compare nowhere", 2, "nowhere is no run folder: it has no manifest.json"),
    ("compare /dev/null", 2, "/dev/null is no run folder: it is a file"),
    (f"compare {LONG}", 2, "File name too long"),
    ("compare --trust", 2, "No such option: --trust"),
    ("compare --json=yes", 2, "'--json' does not take a value"),
    ("compare --cost", 2, "requires an argument"),
    ("export", 2, "there is no run in results/"),
    ("export nowhere/run", 2, "nowhere/run is no run folder"),
    ("export one two", 2, "unexpected extra argument"),
    ("export --json", 2, "No such option: --json"),
    # preset or file
    ("sweep lecure", 2, "no preset is called 'lecure': did you mean lecture"),
    ("sweep ''", 2, "no preset is called ''"),
    ("sweep missing.toml", 2, "cannot read missing.toml: No such file"),
    ("sweep lecture.toml", 2, "cannot read lecture.toml: No such file"),
    ("sweep ./", 2, "cannot read ./: Is a directory"),
    ("sweep missing/lecture", 2, "No such file"),
    ("sweep 'a\0.toml'", 2, "cannot read"),
    # problems
    ("sweep --problems xyzzy", 2, "`gumbench list problems` shows what there is"),
    ("sweep --problems gausian-kl", 2, "did you mean gaussian-kl"),
    ("sweep --problem gausian-kl", 2, "did you mean gaussian-kl"),
    ("sweep --problems gaussian-kl,xyzzy", 2, "no problem is called 'xyzzy'"),
    ("sweep --problems score", 2, "no problem is called 'score'"),
    ("sweep --problems ''", 2, "--problems is empty"),
    ("sweep --problems ' , '", 2, "--problems is empty"),
    ("sweep --problems 'xy*'", 2, "no name of the problems matches 'xy*'"),
    ("sweep --problems '['", 2, "no name of the problems matches '['"),
    ("sweep --problems @unbiased", 2, "problems have no tags"),
    ("sweep --problems missing.py", 2, "cannot read missing.py: No such file"),
    ("sweep --problems 'a\0.py'", 2, "no problem is called"),
    # estimators
    ("sweep --estimators xyzzy", 2, "`gumbench list estimators` shows what there is"),
    ("sweep --estimators renforce", 2, "did you mean score or"),
    ("sweep --estimators concret", 2, "did you mean concrete"),
    ("sweep --estimator gumbel-sofmax", 2, "did you mean concrete"),
    ("sweep --estimators ''", 2, "--estimators is empty"),
    ("sweep --estimators ,", 2, "--estimators is empty"),
    ("sweep --estimators 'zz*'", 2, "no name of the estimators matches 'zz*'"),
    ("sweep --estimators score,[", 2, "no name of the estimators matches '['"),
    ("sweep --estimators @unbiasd", 2, "give @unbiased, @biased"),
    ("sweep --estimators @", 2, "no tag is called '@'"),
    ("sweep --estimators missing.py:f", 2, "cannot read missing.py: No such file"),
    ("sweep --samplers ''", 2, "--samplers is empty"),
    # dimensions
    ("sweep --dimensions ''", 2, "--dimensions is empty"),
    ("sweep --dimensions x", 2, "'x' is not a number"),
    ("sweep --dimensions nan", 2, "'nan' is not a number"),
    ("sweep --dimensions inf", 2, "'inf' is not a number"),
    ("sweep --dimensions 1e400", 2, "'1e400' is not a number"),
    ("sweep --dimensions 0", 2, "dimensions: give 1 or more; given 0"),
    ("sweep --dimensions -1", 2, "dimensions: give 1 or more; given -1"),
    ("sweep --dimensions 1.5", 2, "1.5 is not a whole number"),
    ("sweep --dimension 4,x", 2, "'x' is not a number"),
    ("sweep --dimensions 99999999999999999999", 2, "allowed is 1 to"),
    ("sweep --problems categorical-quadratic --dimensions 8589934592", 2, "GiB of memory"),
    ("sweep --problems bernoulli-toy --dimensions 2", 2, "does not allow D = 2: allowed is 1"),
    ("sweep --problems categorical-vae --dimensions 21", 2, "allowed is 1 to 20"),
    ("sweep --problems bernoulli-toy --dimensions 2", 2, "bernoulli-toy does not allow D = 2"),
    # ranges
    ("sweep --dimensions 1:10:2", 2, "1:10:2lin is 2 points evenly spaced, 1:10:2log"),
    ("sweep --temperatures 0.1:1:10", 2, "has two readings"),
    ("sweep --temperatures 0:1:3log", 2, "a log range needs both ends above 0"),
    ("sweep --temperatures -1:1:3log", 2, "a log range needs both ends above 0"),
    ("sweep --temperatures 1:-1:3lin", 2, "temperatures: give 1e-06 or more"),
    ("sweep --temperatures 0.1:1:1log", 2, "asks for 1 points; give 2 to 10000"),
    ("sweep --temperatures 0.1:1:0lin", 2, "asks for 0 points"),
    ("sweep --temperatures 0.1:1:log", 2, "asks for no points"),
    ("sweep --temperatures 0.1:1:99999lin", 2, "asks for 99999 points"),
    ("sweep --temperatures 0.1:1", 2, "ranges read START:END:COUNTlog or lin"),
    ("sweep --temperatures 0.1:1:5lgo", 2, "is no range"),
    ("sweep --temperatures 0.1:1:-5log", 2, "is no range"),
    ("sweep --temperatures 0.1:1:2.5lin", 2, "is no range"),
    ("sweep --temperatures 0.1:1:²log", 2, "is no range"),
    ("sweep --temperatures 0.1:1:", 2, "is no range"),
    ("sweep --temperatures 1:2:3:4log", 2, "is no range"),
    ("sweep --temperatures a:1:3lin", 2, "'a' is not a number"),
    ("sweep --temperatures ::3log", 2, "'' is not a number"),
    ("sweep --temperatures 0.1:nan:3lin", 2, "'nan' is not a number"),
    ("sweep --temperatures -1e308:1e308:3lin", 2, "temperatures: give 1e-06 or more"),
    ("sweep --dimensions 1e-308:1e308:3log", 2, "dimensions: give 1 or more"),
    # temperatures
    ("sweep --temperatures ''", 2, "--temperatures is empty"),
    ("sweep --temperatures abc", 2, "'abc' is not a number; give 0.1,0.5,1"),
    ("sweep --temperature 0", 2, "temperatures: give 1e-06 or more; given 0.0"),
    ("sweep --temperatures -1", 2, "given -1.0"),
    ("sweep --temperatures nan", 2, "'nan' is not a number"),
    ("sweep --temperatures inf", 2, "'inf' is not a number"),
    ("sweep --temperatures 1e-7", 2, "give 1e-06 or more; given 1e-07"),
    ("sweep --temperatures 1e7", 2, "give 1000000.0 or less; given 10000000.0"),
    # inner samples
    ("sweep --inner-samples ''", 2, "--inner-samples is empty"),
    ("sweep --inner-samples x", 2, "'x' is not a number"),
    ("sweep --inner-samples 2.5", 2, "2.5 is not a whole number"),
    ("sweep --inner-samples 0", 2, "inner_samples: give 1 or more; given 0"),
    ("sweep --inner-samples -2", 2, "given -2"),
    ("sweep --inner-samples 1", 2, "score-loo needs at least 2"),
    ("sweep --inner-samples 16777216", 2, "give less than 16777216"),
    # estimates, truth estimates
    ("sweep --estimates ''", 2, "--estimates is empty"),
    ("sweep --estimates abc", 2, "'abc' is not a number"),
    ("sweep --estimates nan", 2, "'nan' is not a number"),
    ("sweep --estimates inf", 2, "'inf' is not a number"),
    ("sweep --estimates 1000.5", 2, "1000.5 is not a whole number"),
    ("sweep --estimates 1000,2000", 2, "is more than one number"),
    ("sweep --estimates 0", 2, "estimates: give 128 or more; given 0"),
    ("sweep --estimates -5", 2, "given -5"),
    ("sweep --estimates 127", 2, "given 127"),
    ("sweep --estimates 9007199254740992", 2, "give less than 9007199254740992"),
    ("sweep --truth-estimates ''", 2, "--truth-estimates is empty"),
    ("sweep --truth-estimates x", 2, "'x' is not a number"),
    ("sweep --truth-estimates 0", 2, "truth_estimates: give 128 or more"),
    ("sweep --truth-estimates 1,2", 2, "is more than one number"),
    ("sweep --truth-estimates 9007199254740992", 2, "give less than 9007199254740992"),
    ("sweep --samples 1000", 2, "No such option: --samples"),
    # seed, dtype, threads
    ("sweep --seed ''", 2, "--seed is empty"),
    ("sweep --seed x", 2, "'x' is not a number"),
    ("sweep --seed nan", 2, "'nan' is not a number"),
    ("sweep --seed 1.5", 2, "1.5 is not a whole number"),
    ("sweep --seed 1,2", 2, "is more than one number"),
    ("sweep --seed -1", 2, "seed: give 0 or more; given -1"),
    ("sweep --seed 18446744073709551616", 2, "seed: give less than 18446744073709551616"),
    ("sweep --dtype ''", 2, "'float32' or 'float64'"),
    ("sweep --dtype float16", 2, 'given "float16"'),
    ("sweep --threads ''", 2, "--threads is empty"),
    ("sweep --threads x", 2, "'x' is not a number"),
    ("sweep --threads 0", 2, "threads: give 1 or more; given 0"),
    ("sweep --threads -1", 2, "given -1"),
    ("sweep --threads 1.5", 2, "1.5 is not a whole number"),
    ("sweep --threads 1000000", 2, "--threads 1000000: this machine has"),
    # settings
    ("sweep --set ''", 2, "give key=value or NAME.key=value"),
    ("sweep --set skew", 2, "--set 'skew': give key=value"),
    ("sweep --set =1", 2, "give key=value"),
    ("sweep --set skew=", 2, "give key=value"),
    ("sweep --set skew=,", 2, "give key=value"),
    ("sweep --set skw=1", 2, "no setting is called 'skw': did you mean skew?"),
    ("sweep --set xyzzy=1", 2, "no setting is called 'xyzzy'"),
    ("sweep --set score.skew=1", 2, "no setting is called 'score.skew'"),
    ("sweep --set categorical-quadrtic.skew=1", 2, "did you mean categorical-quadratic.skew"),
    ("sweep --problems gaussian-kl --set skew=1", 2, "no setting is called 'skew'"),
    ("sweep --set skew=1 --set skew=2", 2, "--set skew is given twice"),
    ("sweep --set skew=word", 2, "skew=word: give a number such as 1.0"),
    ("sweep --set skew=true", 2, "give a number"),
    ("sweep --set skew=nan", 2, "skew=nan: give a number"),
    ("sweep --set skew=inf", 2, "skew=inf: give a number"),
    (f"sweep --set skew={'9' * 400}", 2, "give a number"),
    ("sweep --set skew=1e300", 2, "categorical-quadratic: its numbers are too large for float32"),
    ("sweep --set instance=1.5", 2, "give a whole number in [0, 2^64) such as 0"),
    ("sweep --set instance=true", 2, "give a whole number"),
    ("sweep --set instance=-1", 2, "instance=-1: give"),
    ("sweep --set instance=18446744073709551616", 2, "instance=18446744073709551616: give"),
    ("sweep --problems bernoulli-toy --set theta=2", 2, "theta=2: give a number in (0, 1)"),
    ("sweep --problems bernoulli-toy --set theta=0", 2, "theta=0: give a number in (0, 1)"),
    ("sweep --problems bernoulli-sum --set theta=1", 2, "theta=1: give a number in (0, 1)"),
    ("sweep --problems bernoulli-toy --set t=nan", 2, "t=nan: give a number such as 0.45"),
    ("sweep --problems gaussian-kl --set sigma=-1", 2, "sigma=-1: give a number in (0, inf)"),
    ("sweep --problems gaussian-step --set sigma=0", 2, "sigma=0: give a number in (0, inf)"),
    ("sweep --problems gaussian-quadratic --set sigma=0", 2, "sigma=0: give a number in (0"),
    ("sweep --problems gaussian-step --set force=2", 2, "force=2: give a whole number in [0, 1]"),
    ("sweep --problems categorical-linear --set noise=-1", 2, "noise=-1: give"),
    ("sweep --problems categorical-vae --set image=5000", 2, "give a whole number in [0, 1797)"),
    ("sweep --problems categorical-vae --set image=-1", 2, "image=-1: give"),
    ("sweep --problems categorical-vae --set categories=11", 2, "give a whole number in [2, 10]"),
    ("sweep --problems categorical-vae --set categories=1", 2, "categories=1: give"),
    # pairs that do not apply
    ("sweep --problems gaussian-kl --estimators concrete", 2, "no such estimator for the gaussian"),
    ("sweep --problems gaussian-step --estimators pathwise", 2, "it needs ∂f/∂x"),
    ("sweep --problems gaussian-quadratic --estimators stl", 2, "it needs an ELBO"),
    ("sweep --problems bernoulli-sum --dimensions 200 --estimators exact", 2, "at most 2^20"),
    ("sweep --problems categorical-linear --set noise=1 --estimators exact", 2, "f is noisy"),
    ("sweep --problems gaussian-kl --estimators @temperature", 2, "no cell to run"),
    # output
    (f"{TOY} --output ''", 2, "--output '': give a folder"),
    (f"{TOY} --output --quiet", 2, "give a folder (./--quiet if that is its name)"),
    (f"{TOY} --output /dev/null", 2, "/dev/null is a file"),
    (f"{TOY} --output /dev/null/run", 2, "/dev/null is a file"),
    (f"{TOY} --output /proc/nothing/run", 2, "/proc/nothing/run"),
    (f"{TOY} --output {LONG}", 2, "give another folder"),
]

# where time is measured
SAMPLERS = [
    ("sweep --samplers xyzzy", 2, "no sampler is called 'xyzzy'"),
    ("sweep --samplers 'xy*'", 2, "no name of the samplers matches 'xy*'"),
    ("sweep --samplers @unbiased", 2, "samplers have no tags"),
    ("sweep --samplers missing.py", 2, "'missing.py': samplers are built in"),
    ("sweep --samplers score", 2, "no sampler is called 'score'"),
]

# of one or more finished runs, with `run` for their folder
READ = [
    # runs
    ("compare run/variance.csv", "run/variance.csv is no run folder: it is a file"),
    ("compare run nowhere", "compare takes one run; for two: gumbench diff run nowhere"),
    ("compare run run --fail-above 10%", "gumbench diff run run --fail-above 10%"),
    ("compare run --fail-above 10%", "gumbench diff BEFORE AFTER --fail-above 10%"),
    ("compare run 'two words'", "gumbench diff run 'two words'"),
    ("compare run --reference score", "No such option: --reference"),
    ("diff run nowhere", "nowhere is no run folder"),
    ("diff run run/spec.toml", "run/spec.toml is no run folder: it is a file"),
    ("diff run", "Missing argument 'AFTER'"),
    ("diff run run run", "unexpected extra argument"),
    ("diff run run --surely", "--surely is about the limit of a gate: add --fail-above 10%"),
    ("diff run run --cost evaluations", "No such option: --cost"),
    # compare
    ("compare run --cost ''", "no cost is called ''"),
    ("compare run --cost Evaluations", "did you mean evaluations?"),
    ("compare run --cost estimates --cost-of-f 2ms", "--cost estimates counts none: leave one"),
    ("compare run --cost evaluations --cost-of-f 2ms", "--cost evaluations counts none"),
    ("compare run --cost-of-gradient 2ms", "needs the price of f beside it: --cost-of-f"),
    ("compare run --cost-of-f 2ms --cost-of-gradient 1ms", "f with its gradient"),
    ("compare run --cost-of-f 2ms --cost-of-gradient 5ms --gradient-cost 2", "two prices of"),
    ("compare run --cost-of-f 2ms --cost-of-gradient 0ms", "give more than 0"),
    ("compare run --cost-of-f 2ms --cost-of-gradient 5", "give a number with its unit"),
    ("compare run --reuse 0", "--reuse 0: give a whole number of estimates from 1"),
    ("compare run --reuse 1.5", "--reuse 1.5: give a whole number"),
    ("compare run --reuse -1", "give a number from 0"),
    ("compare run --reuse nan", "give a number from 0"),
    ("compare run --reuse many", "--reuse 'many': give a number"),
    ("compare run --reuse 10 --cost estimates", "which --cost estimates leaves out"),
    ("compare run --batched --cost estimates", "--batched is about evaluations"),
    ("compare run --batched --cost time", "or add --cost-of-f"),
    ("compare run --by variance", "no kind of error is called 'variance'"),
    ("compare run --by directoin", "did you mean direction?"),
    ("compare run --cost-of-f ''", "--cost-of-f '': give a number with its unit"),
    ("compare run --cost-of-f ms", "give a number with its unit"),
    ("compare run --cost-of-f nanms", "give a number with its unit"),
    ("compare run --cost-of-f inf", "give a number with its unit"),
    ("compare run --cost-of-f -1ms", "give a number with its unit"),
    ("compare run --cost-of-f 2MS", "give a number with its unit"),
    ("compare run --cost-of-f 2h", "give a number with its unit"),
    ("compare run --cost-of-f 2evaluations", "give a number with its unit"),
    ("compare run --cost-of-f 1.2.3ms", "--cost-of-f '1.2.3': give a number"),
    ("compare run --cost-of-f 1e400s", "give a number from 0"),
    ("compare run --cost-of-f 1e-400s", "give more than 0"),
    ("compare run --gradient-cost ''", "--gradient-cost '': give a number"),
    ("compare run --gradient-cost 3x", "give a number"),
    ("compare run --gradient-cost inf", "give a number from 0"),
    ("compare run --gradient-cost 1e400", "give a number from 0"),
    ("compare run --cost estimates --gradient-cost 1", "--gradient-cost is about evaluations"),
    # --budget
    ("compare run --budget ''", "--budget '': give a number with its unit"),
    ("compare run --budget evaluations", "give a number with its unit"),
    ("compare run --budget 0evaluations", "give more than 0"),
    ("compare run --budget -5evaluations", "give a number with its unit"),
    ("compare run --budget nanevaluations", "give a number with its unit"),
    ("compare run --budget 1e400evaluations", "give a number from 0"),
    ("compare run --budget 64estimates", "such as 64evaluations"),
    ("compare run --budget 64evaluations --cost estimates", "such as 64estimates"),
    ("compare run --budget 5h --cost-of-f 2ms", "such as 5ms or 64evaluations"),
    ("compare run --budget 0s --cost-of-f 2ms", "give more than 0"),
    # --fail-above
    ("diff run run --fail-above ''", "--fail-above '': give a number"),
    ("diff run run --fail-above %", "give a number"),
    ("diff run run --fail-above 10%%", "give a number"),
    ("diff run run --fail-above 5ms", "give a number"),
    ("diff run run --fail-above -1%", "give a number from 0"),
    ("diff run run --fail-above nan", "give a number from 0"),
    ("diff run run --fail-above inf%", "give a number from 0"),
    ("diff run run --fail-above 0.1", "0.1: give a number of percent, 0.1% or 10%"),
    ("diff run run --fail-above 10", "10: give a number of percent, 10% or 1000%"),
    # --where
    *(
        (f"{command} --where {condition}", message)
        for command in ("compare run", "diff run run", "export run")
        for condition, message in [
            ("''", "--where '': give column=value"),
            ("status", "give column=value"),
            ("status=", "give column=value"),
            ("=done", "give column=value"),
            ("'two words=1'", "give column=value"),
            ("status~done", "give column=value"),
            ("staus=done", "no column is called 'staus': did you mean status?"),
            ("xyzzy=1", "`gumbench export --help` shows what there is"),
            ("Status=done", "did you mean status or"),
            ("status<done", "status is a word; compare it with = or !="),
            ("unbiased>=1", "unbiased is a word"),
            ("dimension=one", "dimension is a number, 'one' is none"),
            ("variance=1=2", "'1=2' is none"),
            ("variance=nan", "no row has variance=nan"),
            ("variance=1e400", "no row has variance=1e400"),
            ("status==done", "no row has status==done"),
            ("dimension=1 --where dimension=2", "no row has dimension=1 and dimension=2"),
        ]
    ),
    # export
    ("export run --table ''", "no table is called ''"),
    ("export run --table runs", "no table is called 'runs'"),
    ("export run --format ''", "no format is called ''"),
    ("export run --format CSV", "did you mean csv?"),
    ("export run --format xlsx", "no format is called 'xlsx'"),
    ("export run --columns ''", "--columns is empty"),
    ("export run --columns estimater", "did you mean estimator or"),
    ("export run --columns estimator,xyzzy", "no column is called 'xyzzy'"),
    ("export run --columns '['", "no column is called '['"),
    ("export run --columns mean", "no column is called 'mean'"),
    ("export run --table components", "this run has no components: sweep with --components"),
    ("export run --table throughput", "this run has no throughput: sweep without --no-throughput"),
    ("export run --format markdown --across temperature", "needs --"),
    ("export run --format latex --down temperature", "needs --"),
    ("export run --format latex --down temperature --across temperature", "give two columns"),
    ("export run --format latex --down colour --across part", "no column to turn is called"),
    ("export run --down part --across dimension", "go with markdown and latex, not with csv"),
    (
        "export run --format latex --down part --across dimension --columns variance,mse",
        "--columns names the one in the cells: give one, not 2",
    ),
    ("export run --output ''", "cannot write '': "),
    ("export run --output run", "cannot write 'run': Is a directory"),
    ("export run --output nowhere/table.csv", "cannot write 'nowhere/table.csv': No such file"),
    ("export run --output run/spec.toml/below", "Not a directory"),
    ("export run --output /dev/full", "cannot write '/dev/full': No space left"),
    ("export run --output 'a\0'", "embedded null byte"),
    (f"export run --output {LONG}", "File name too long"),
]
# fmt: on


@pytest.mark.parametrize("arguments, status, message", TYPED)
def test_typed(arguments, status, message, place, capsys):
    refused(capsys, arguments, message, status)
    assert not list(place.iterdir())


@pytest.mark.timed
@pytest.mark.parametrize("arguments, status, message", SAMPLERS)
def test_samplers(arguments, status, message, place, capsys):
    refused(capsys, arguments, message, status)
    assert not list(place.iterdir())


@pytest.mark.parametrize("arguments, status, message", TYPED[::13])
def test_typed_in_a_process(arguments, status, message, place):
    said = in_a_process(shlex.split(arguments))
    assert (said.returncode, said.stdout) == (status, "")
    assert message in said.stderr
    assert "Traceback" not in said.stderr
    assert not list(place.iterdir())


@pytest.mark.parametrize("arguments, message", READ)
def test_reading(arguments, message, run, place, capsys):
    before = contents(place)
    refused(capsys, arguments, message)
    assert contents(place) == before


@pytest.mark.parametrize(
    "arguments, note",
    [
        ("--problems gaussian-kl --temperatures 0.5", "no estimator here takes temperatures"),
        ("--problems gaussian-kl --estimators score --inner-samples 8", "takes inner samples"),
        ("--problems bernoulli-toy --dimensions 1,1", "--dimensions: 1 equal values dropped"),
        ("--problems bernoulli-toy,gaussian-kl --estimators stl", "skipped sticking-the-landing"),
    ],
)
def test_notes(arguments, note, place, capsys):
    assert main(["sweep", "--dry-run", *shlex.split(arguments)]) == 0
    assert note in capsys.readouterr().err


def test_an_error_of_the_tool_itself_is_no_traceback(place, capsys, monkeypatch):
    monkeypatch.setattr("gumbench.runs.plan.plan", lambda *_: 1 / 0)
    refused(capsys, "sweep smoke", "error in gumbench itself: ZeroDivisionError", status=3)
