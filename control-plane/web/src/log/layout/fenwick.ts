// Prefix sums that change and grow (Fenwick 1994, "A new data structure for cumulative frequency tables").

export class Fenwick {
  #tree: Int32Array;
  #length: number;

  /** In linear time. */
  constructor(values: ArrayLike<number>) {
    this.#length = values.length;
    this.#tree = new Int32Array(Math.max(16, values.length + 1));
    const tree = this.#tree;
    for (let at = 1; at <= values.length; at++) {
      tree[at] = tree[at]! + values[at - 1]!;
      const parent = at + (at & -at);
      if (parent <= values.length) tree[parent] = tree[parent]! + tree[at]!;
    }
  }

  get length(): number {
    return this.#length;
  }

  get total(): number {
    return this.sum(this.#length);
  }

  /** Of the first `count` values. */
  sum(count: number): number {
    let sum = 0;
    for (let at = Math.min(count, this.#length); at > 0; at -= at & -at) sum += this.#tree[at]!;
    return sum;
  }

  value(index: number): number {
    return this.sum(index + 1) - this.sum(index);
  }

  add(index: number, difference: number): void {
    if (difference === 0) return;
    for (let at = index + 1; at <= this.#length; at += at & -at) this.#tree[at] = this.#tree[at]! + difference;
  }

  push(value: number): void {
    const at = ++this.#length;
    if (at >= this.#tree.length) {
      const larger = new Int32Array(this.#tree.length * 2);
      larger.set(this.#tree);
      this.#tree = larger;
    }
    // What this place sums up: the values behind `at` without its lowest bit.
    this.#tree[at] = value + this.sum(at - 1) - this.sum(at - (at & -at));
  }

  /** The largest count of values whose sum is at most `limit`, when no value is negative. */
  countWithin(limit: number): number {
    let at = 0;
    let left = limit;
    let step = 1;
    while (step * 2 <= this.#length) step *= 2;
    for (; step > 0; step >>= 1) {
      const next = at + step;
      if (next <= this.#length && this.#tree[next]! <= left) {
        at = next;
        left -= this.#tree[next]!;
      }
    }
    return at;
  }
}
