/**
 * What a long command is doing and how far it is: a line for each step when it is over, and on a terminal one more, at
 * the bottom, of those that are under way.
 */

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Characters in a line. */
  readonly columns: number;
}

export interface Step {
  /** How far it is. */
  tell(detail: string): void;
  /** What its line says when it is over. */
  result(text: string): void;
}

const nameWidth = 9;
const detailWidth = 66;

export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #underWay = new Map<string, string>();
  /** What stands in the terminal's last line. */
  #shown = '';

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  /** Runs a step, which says how far it is, and at its end what came of it. */
  async step<Value>(name: string, detail: string, run: (step: Step) => Promise<Value>): Promise<Value> {
    const started = this.#now();
    this.#underWay.set(name, detail);
    this.#showUnderWay();
    const end = (text: string) => {
      this.#underWay.delete(name);
      const seconds = `${((this.#now() - started) / 1000).toFixed(1)} s`;
      this.line(`  ${name.padEnd(nameWidth)} ${text.padEnd(detailWidth)} ${seconds.padStart(6)}`);
    };
    const tell = (text: string) => {
      this.#underWay.set(name, text);
      this.#showUnderWay();
    };
    let result = 'done';
    try {
      return await run({
        tell,
        result: (text) => {
          result = text;
        },
      });
    } catch (failure) {
      result = 'failed';
      throw failure;
    } finally {
      end(result);
    }
  }

  /** A line of its own. */
  line(text: string): void {
    this.#clear();
    this.#output.write(`${text}\n`);
    this.#showUnderWay();
  }

  #clear(): void {
    if (!this.#output.isTerminal || this.#shown === '') return;
    this.#output.write('\r\u001b[K');
    this.#shown = '';
  }

  #showUnderWay(): void {
    if (!this.#output.isTerminal) return;
    const all = [...this.#underWay].map(([name, detail]) => `${name}: ${detail}`).join(' · ');
    const text = all === '' ? '' : `  ${all.slice(0, Math.max(0, this.#output.columns - 4))}`;
    if (text === this.#shown) return;
    this.#clear();
    this.#output.write(text);
    this.#shown = text;
  }
}
