/** How numbers, times and ids are written, everywhere the same. */
export { bytes, formatDuration, percent } from './quantities';
export { absoluteTime, relativeTime } from './time';
export { hostAndPath, middle, shortId } from './text';
