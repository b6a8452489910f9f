/** How far a setup is: its step, what is done of it, and the time left. It knows what pip and assist print. */

const COUNTED = /^(?:Collecting|Processing) /; // by pip, for each package
const BYTES = /: ([\d,.]+) (MB|GB) of ([\d,.]+) (MB|GB)$/; // by assist, for a model
const MEGABYTES: Readonly<Record<string, number>> = { MB: 1, GB: 1000 };
const STEPS = 3;

/** Shows the lines that a setup prints as its steps. `now` is in milliseconds. */
export class SetupSteps {
  private title = "";
  private total = 0;
  private done = 0;
  private began = 0;

  constructor(
    private readonly show: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Begin a step, of `total` packages if that is known. */
  begin(step: number, name: string, total = 0): void {
    this.title = `Step ${String(step)} of ${String(STEPS)}: ${name}`;
    this.total = total;
    this.done = 0;
    this.began = this.now();
    this.show(this.title);
  }

  /** Take a line that a program printed. */
  took(line: string): void {
    const bytes = BYTES.exec(line.trim());
    if (bytes) this.details(`${bytes[0].slice(2)}${this.left(amount(bytes, 1), amount(bytes, 3))}`);
    else if (!this.total) this.details(line.trim().slice(0, 60));
    else if (COUNTED.test(line.trim())) {
      this.done = Math.min(this.done + 1, this.total);
      this.details(`${String(this.done)} of ${String(this.total)}${this.left(this.done, this.total)}`);
    }
  }

  private details(text: string): void {
    this.show([this.title, text].filter(Boolean).join(", "));
  }

  private left(done: number, total: number): string {
    if (!this.began || done < total / 20) return ""; // too early to tell
    const seconds = ((this.now() - this.began) / 1000 / done) * (total - done);
    if (seconds >= 90) return `, about ${String(Math.round(seconds / 60))} minutes left`;
    return `, about ${String(Math.max(5, Math.ceil(seconds / 5) * 5))} seconds left`;
  }
}

const amount = (found: RegExpExecArray, at: number): number =>
  Number(found[at]?.replaceAll(",", "")) * (MEGABYTES[found[at + 1] ?? ""] ?? 1);
