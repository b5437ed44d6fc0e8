// Between scroll positions and heights of the log. Browsers bound the height of an element (Firefox
// ignores more than 17,895,697 px), so that above 800,000 lines the bar stands for a longer log.

export const HIGHEST_PX = 16_000_000;

export class ScrollMap {
  /** Top of what is seen, in the log. */
  #top = 0;
  /** Where the scroll bar was. */
  #bar = 0;
  #height = 0;
  #viewport = 0;

  /** Of the element that scrolls. */
  get barHeight(): number {
    return Math.min(this.#height, HIGHEST_PX);
  }

  get isScaled(): boolean {
    return this.#height > HIGHEST_PX;
  }

  get top(): number {
    return this.#top;
  }

  get bar(): number {
    return this.#bar;
  }

  get viewport(): number {
    return this.#viewport;
  }

  /** The largest top. */
  get end(): number {
    return Math.max(0, this.#height - this.#viewport);
  }

  get #barEnd(): number {
    return Math.max(0, this.barHeight - this.#viewport);
  }

  /** Pixels between the bottom of what is seen and the end of the log. */
  get distanceToEnd(): number {
    return this.end - this.#top;
  }

  resize(height: number, viewport: number): void {
    this.#height = height;
    this.#viewport = viewport;
  }

  /** Looks at `top`; says where the bar has to be. */
  goTo(top: number): number {
    this.#top = Math.min(Math.max(0, top), this.end);
    this.#bar = this.#barFor(this.#top);
    return this.#bar;
  }

  #barFor(top: number): number {
    return this.isScaled && this.end > 0 ? (top / this.end) * this.#barEnd : top;
  }

  /** The user has moved the bar. Steps of less than a page move the log as far; longer ones jump. */
  follow(bar: number): void {
    const moved = bar - this.#bar;
    this.#bar = bar;
    if (!this.isScaled) this.#top = bar;
    else if (bar <= 0) this.#top = 0;
    else if (bar >= this.#barEnd - 1) this.#top = this.end;
    else if (Math.abs(moved) <= this.#viewport * 1.5) this.#top = Math.min(Math.max(0, this.#top + moved), this.end);
    else this.#top = (bar / this.#barEnd) * this.end;
  }

  /** The browser has put the bar elsewhere than asked (it rounds); the log stays. */
  settle(bar: number): void {
    this.#bar = bar;
    if (!this.isScaled) this.#top = bar;
  }

  /** Where the bar should be by now: small steps leave it behind. */
  get properBar(): number {
    return this.#barFor(this.#top);
  }
}
