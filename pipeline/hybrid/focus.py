"""Focuses: clusters of participants with similar topics, one cluster per draft.

Participants are compared by their words (tf-idf over stems, cosine) and clustered bottom-up with Ward's method, which
gave more even groups than average linkage (36 long interviews in ten clusters: 2 to 5 people against 2 to 6) and the
same ones on the example study. Deterministic; every participant is in one of the first `count` focuses.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING

from pipeline.domain.study import Study
from pipeline.text.tokens import stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

ENOUGH_SHARE = 0.25
"""Participants with fewer words than this share of the `count`-th longest join one with more words: a survey row
among interviews is no persona, a survey row among survey rows may be one."""

TYPICAL_COUNT = 5
"""Personas for which `cluster_sizes` decides who says enough to be clustered."""

MOST_ANCHORS = 1500
"""Maximum number of participants that are clustered; the others join the nearest one. Bounds time and memory."""

THEMES = 20
"""Number of dimensions in which more than this many participants are compared."""

_CHUNK = 2048

Focus = tuple[str, ...]


def choose_focuses(study: Study, drafts: int, count: int, seed: int) -> tuple[Focus, ...]:
    """Return one focus per draft: ids of participants in study order.

    The first `count` focuses divide the study into that many clusters, the largest first. Further drafts take the
    clusters of finer divisions, step by step, then of coarser ones. When all clusters are used, they repeat in an
    order rotated by the seed.

    Args:
        study: participants and their words. Without participants every focus is empty.
        drafts: number of focuses wanted.
        count: number of personas to deliver.
        seed: rotates the order in which clusters repeat.
    """
    if not study.participants:
        return ((),) * drafts
    distinct = list(islice(_distinct_focuses(study, count), drafts))
    turned = distinct[seed % len(distinct) :] + distinct[: seed % len(distinct)]
    return tuple(islice(chain(distinct, cycle(turned)), drafts))


def cluster_sizes(study: Study) -> dict[int, tuple[int, ...]]:
    """Return the sizes of the clusters, largest first, for every number of clusters; empty without participants."""
    if not study.participants:
        return {}
    cuts = _cuts(*_cluster(study, TYPICAL_COUNT))
    return {number: tuple(len(cluster) for cluster in clusters) for number, clusters in cuts.items()}


def _distinct_focuses(study: Study, count: int) -> Iterator[Focus]:
    """Yield every cluster once: the cut at `count`, then finer cuts, then coarser ones."""
    ids = [person.id for person in study.participants]
    groups, merges = _cluster(study, count)
    cuts = _cuts(groups, merges)
    first = min(max(count, 1), len(groups))
    seen: set[tuple[int, ...]] = set()
    for size in [*range(first, len(groups) + 1), *range(first - 1, 0, -1)]:
        for cluster in cuts[size]:
            if cluster not in seen:
                seen.add(cluster)
                yield tuple(ids[member] for member in cluster)


def _cuts(groups: list[list[int]], merges: list[tuple[int, int]]) -> dict[int, list[tuple[int, ...]]]:
    """Return the clusters, largest first, for every number of clusters down to one."""
    living = {number: tuple(group) for number, group in enumerate(groups)}
    cuts = {len(living): _largest_first(living)}
    for step, (left, right) in enumerate(merges):
        living[len(groups) + step] = tuple(sorted(living.pop(left) + living.pop(right)))
        cuts[len(living)] = _largest_first(living)
    return cuts


def _largest_first(living: dict[int, tuple[int, ...]]) -> list[tuple[int, ...]]:
    return sorted(living.values(), key=lambda cluster: (-len(cluster), cluster))


def _cluster(study: Study, count: int) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Return the smallest groups (a participant, with the short ones that joined) and the merges of groups."""
    from scipy.cluster.hierarchy import ward

    vectors = _vectors(study)
    anchors = _anchors(study, count)
    groups = _join_anchors(vectors, anchors)
    if len(anchors) == 1:
        return groups, []
    merges = ward(_condensed_distances(vectors[anchors]))
    return groups, [(int(left), int(right)) for left, right in merges[:, :2]]


def _anchors(study: Study, count: int) -> list[int]:
    """The participants who say enough to be clustered, in study order; at least `count` where there are as many."""
    words = [person.words for person in study.participants]
    longest = sorted(range(len(words)), key=lambda index: (-words[index], index))
    enough = ENOUGH_SHARE * words[longest[min(max(count, 1), len(words)) - 1]]
    return sorted(index for index in longest[: max(count, MOST_ANCHORS)] if words[index] >= enough)


def _vectors(study: Study) -> "csr_array":
    """One row per participant of unit length: tf-idf of stems that at least two of them use."""
    import numpy as np
    from scipy.sparse import csr_array, diags_array

    counts = _stem_counts(study)
    used_by = Counter(chain.from_iterable(counts))
    shared = sorted(stem for stem, users in used_by.items() if users >= 2)
    column = {stem: number for number, stem in enumerate(shared)}
    rarity = {stem: math.log(len(counts) / used_by[stem] + 0.01) for stem in shared}
    cells = [
        (row, column[stem], (1 + math.log(times)) * rarity[stem])
        for row, found in enumerate(counts)
        for stem, times in sorted(found.items())
        if stem in column
    ]
    rows, columns, weights = (np.array(part) for part in zip(*cells, strict=True)) if cells else ([], [], [])
    table = csr_array((weights, (rows, columns)), shape=(len(counts), max(1, len(shared))), dtype=float)
    lengths = np.sqrt(table.multiply(table).sum(axis=1))
    return diags_array(1 / np.where(lengths > 0, lengths, 1)) @ table


def _stem_counts(study: Study) -> list[Counter[str]]:
    row = {person.id: number for number, person in enumerate(study.participants)}
    counts: list[Counter[str]] = [Counter() for _ in study.participants]
    for segment in study.segments:
        if segment.role == "participant" and segment.participant in row:
            counts[row[segment.participant]].update(stems(segment.text))
    return counts


def _join_anchors(vectors: "csr_array", anchors: Sequence[int]) -> list[list[int]]:
    """Group each anchor with the participants most similar to it; those without any similarity join the first."""
    groups = [[anchor] for anchor in anchors]
    rest = sorted(set(range(vectors.shape[0])) - set(anchors))
    across = vectors[anchors].T.tocsr()
    for start in range(0, len(rest), _CHUNK):
        chunk = rest[start : start + _CHUNK]
        nearest = (vectors[chunk] @ across).toarray().argmax(axis=1)
        for person, group in zip(chunk, nearest, strict=True):
            groups[group].append(person)
    return [sorted(group) for group in groups]


def _condensed_distances(vectors: "csr_array") -> "NDArray[np.float64]":
    """Return Euclidean distances between unit vectors, which rank like cosine, in scipy's condensed form."""
    import numpy as np
    from scipy.spatial.distance import squareform

    points = _themes(vectors)
    # Rounded: the last bits differ between machines and would break ties differently.
    distances = np.sqrt(np.maximum(0, 2 - 2 * np.round(points @ points.T, 9)))
    np.fill_diagonal(distances, 0)
    return np.asarray(squareform(distances, checks=False))


def _themes(vectors: "csr_array") -> "NDArray[np.float64]":
    """Project participants onto their strongest shared themes (latent semantic analysis), at unit length.

    Short texts share few words even when they share a topic; without this step 387 of 500 survey rows made
    one cluster of ten, with it the largest of ten holds 93. A handful of long interviews needs none.
    """
    import numpy as np
    from scipy.sparse.linalg import eigsh

    if min(vectors.shape) <= THEMES + 1:
        return np.asarray(vectors.toarray())
    # Not `svds`: it ends in a dense decomposition whose threads wait for each other, 0.2 s on a busy machine.
    strength, left = eigsh((vectors @ vectors.T).toarray(), k=THEMES, v0=np.ones(vectors.shape[0]))
    points = left * np.sqrt(np.maximum(0, strength))
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(lengths > 1e-9, lengths, 1))
