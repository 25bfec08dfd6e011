import { within } from './within.ts';

/** What is asked for while others are being answered is asked for together. */
export interface Gathering<Item, Answer> {
  ask(item: Item): Promise<Answer>;
}

export interface GatheringOptions<Item, Answer> {
  /** Answers all, in their order. */
  readonly askAll: (items: readonly Item[]) => Promise<readonly Answer[]>;
  /** Whether what is wrong may be wrong with one of them only: then each is asked for by itself. */
  readonly isOfOne: (error: unknown) => boolean;
  readonly weigh: (item: Item) => number;
  readonly maxItems: number;
  readonly maxWeight: number;
  /** How many times `askAll` may be under way at once. */
  readonly atOnce: number;
  /** Who waits for longer, in ms, is not asked for any more. */
  readonly maxWaitMs: number;
  readonly late: () => Error;
  /** Nothing waits and nothing is under way. */
  readonly onIdle: () => void;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Nobody waits in order to be gathered: what comes when there is room is asked for at once, alone. */
export function createGathering<Item, Answer>(options: GatheringOptions<Item, Answer>): Gathering<Item, Answer> {
  let waiting: Waiting<Item, Answer>[] = [];
  let underWay = 0;

  function dropLate(): void {
    const oldest = performance.now() - options.maxWaitMs;
    const first = waiting.findIndex(({ since }) => since >= oldest);
    for (const { reject } of waiting.splice(0, first < 0 ? waiting.length : first)) reject(options.late());
  }

  /** The longest waiting first; one at least, however heavy. */
  function takeSome(): Waiting<Item, Answer>[] {
    let weight = 0;
    let count = 0;
    for (const { item } of waiting.slice(0, options.maxItems)) {
      weight += options.weigh(item);
      if (count > 0 && weight > options.maxWeight) break;
      count += 1;
    }
    const some = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return some;
  }

  async function answer(some: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      // What hangs holds up nobody: the next are asked for beside it.
      const asked = options.askAll(some.map(({ item }) => item));
      const answers = await within(asked, options.maxWaitMs, options.late);
      for (const [index, { resolve }] of some.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      if (some.length > 1 && options.isOfOne(error)) for (const one of some) await answer([one]);
      else for (const { reject } of some) reject(error);
    }
  }

  async function work(): Promise<void> {
    underWay += 1;
    for (dropLate(); waiting.length > 0; dropLate()) await answer(takeSome());
    underWay -= 1;
    if (underWay === 0) options.onIdle();
  }

  return {
    ask: (item) =>
      new Promise((resolve, reject) => {
        dropLate();
        waiting.push({ item, since: performance.now(), resolve, reject });
        if (underWay < options.atOnce) void work();
      }),
  };
}
