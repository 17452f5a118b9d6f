// Answers of two runtimes: equal in everything but the last digits of numbers.

/** Every place where `found` differs from `expected`; numbers may differ by `tolerance`. */
export function differences(expected, found, tolerance, path = '') {
  if (typeof expected === 'number' && typeof found === 'number') {
    return Math.abs(expected - found) <= tolerance ? [] : [`${path}: ${expected} and ${found}`];
  }
  if (expected === null || found === null || typeof expected !== 'object' || typeof found !== 'object') {
    return expected === found ? [] : [`${path}: ${JSON.stringify(expected)} and ${JSON.stringify(found)}`];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...keys].flatMap((key) => differences(expected[key], found[key], tolerance, `${path}/${key}`));
}

/** The largest difference between two numbers at the same place. */
export function largestDifference(expected, found) {
  if (typeof expected === 'number' && typeof found === 'number') return Math.abs(expected - found);
  if (expected === null || found === null || typeof expected !== 'object' || typeof found !== 'object') return 0;
  return Math.max(0, ...Object.keys(expected).map((key) => largestDifference(expected[key], found[key])));
}
