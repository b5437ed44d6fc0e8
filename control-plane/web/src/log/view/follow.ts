// Whether the end of the log is kept in view. Growth never turns it off, only a user who goes up.

/** The bottom counts as reached within so many pixels. */
export const STICK_PX = 8;

export class Follow {
  #isOn: boolean;
  #unseen = 0;
  readonly #onChange: () => void;

  constructor(isOn: boolean, onChange: () => void = () => {}) {
    this.#isOn = isOn;
    this.#onChange = onChange;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Lines that came since it was turned off. */
  get unseen(): number {
    return this.#unseen;
  }

  /** The user wants to go up: wheel, key, touch, scroll bar, or the start of a selection. */
  userGoesUp(): void {
    this.#set(false);
  }

  /** The user has scrolled down and is so far from the end. */
  userWentDown(distanceToEnd: number): void {
    if (distanceToEnd <= STICK_PX) this.#set(true);
  }

  turn(isOn: boolean): void {
    this.#set(isOn);
  }

  grew(lines: number): void {
    if (this.#isOn || lines === 0) return;
    this.#unseen += lines;
    this.#onChange();
  }

  #set(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#unseen = 0;
    this.#onChange();
  }
}
