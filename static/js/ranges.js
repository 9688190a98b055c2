/** Sets of seconds, as sorted lists of disjoint [from, to]. */

/** The union of `ranges` and [from, to]. */
export function withRange(ranges, from, to) {
  if (!(to > from)) return ranges;
  const before = ranges.filter(([, end]) => end < from);
  const after = ranges.filter(([start]) => start > to);
  const touching = ranges.filter(([start, end]) => end >= from && start <= to);
  const start = Math.min(from, ...touching.map(([first]) => first));
  const end = Math.max(to, ...touching.map(([, last]) => last));
  return [...before, [start, end], ...after];
}

/** How many seconds the ranges cover together. */
export function covered(ranges) {
  return ranges.reduce((sum, [from, to]) => sum + (to - from), 0);
}
