"""Agreement of emotion recipes as a document: what `cmean evaluate --recipes --json` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cmean.evaluation.documents.label_tables import RetrievalFigure
from cmean.stats.estimate import Estimate
from cmean.stats.null_distribution import NullComparison
from cmean.util.dataclass_json import make_json_options


@dataclass(frozen=True, slots=True)
class ComparedRecipe:
    """What the user named, and by kind the id of the mapper's recipe that it stands for."""

    name: str
    recipe_ids: Mapping[str, int] = field(metadata=make_json_options(inline=True))


@dataclass(frozen=True, slots=True)
class CosineComparison:
    """The mean cosine of an item's two triples, compared with that of two different items'."""

    value: float
    chance: NullComparison


@dataclass(frozen=True, slots=True)
class SelfRetrievalFigures:
    """Ranks of an item's triple by one recipe among all triples by the other."""

    median_rank: RetrievalFigure
    mean_reciprocal_rank: RetrievalFigure
    first: RetrievalFigure


@dataclass(frozen=True, slots=True)
class RecipePairAgreement:
    """Two recipes compared; correlations are by channel.

    Attributes:
        recipes: their places in the document's `recipes`.
        pearson: Pearson's correlation.
        spearman: Spearman's correlation.
        cosine: of an item's two triples.
        retrieval: of an item by its own triple.
    """

    recipes: Sequence[int]
    pearson: Mapping[str, Estimate]
    spearman: Mapping[str, Estimate]
    cosine: CosineComparison
    retrieval: SelfRetrievalFigures


@dataclass(frozen=True, slots=True)
class RecipeAgreement:
    """All recipes compared over n items; `icc` is by channel and form of the coefficient."""

    n: int
    pairs: Sequence[RecipePairAgreement]
    icc: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True, slots=True)
class RecipeAgreementDocument:
    """Two or more emotion recipes over the same items.

    Attributes:
        recipes: as they were named.
        kinds: by kind and part ("whole", "all five").
        left_out: kinds of which two have the same recipe.
    """

    recipes: Sequence[ComparedRecipe]
    kinds: Mapping[str, Mapping[str, RecipeAgreement]]
    left_out: Sequence[str]
