type Key = string | number;

export abstract class Store<V> {
  static made = 0;
  private readonly rows = new Map<Key, V>();
  #secret = /[{"]/;

  constructor(protected name: string) {
    Store.made += 1;
  }

  abstract load(): Promise<void>;

  @logged()
  get(key: Key): V | undefined {
    return this.rows.get(key); // may be none
  }

  protected async *all(): AsyncGenerator<V> {
    for (const row of this.rows.values()) yield row;
  }

  set size(value: number) {
    throw new Error(`${this.name}
      has ${this.rows.size}, not ${value}`);
  }
}

function logged() {
  return (_: unknown, name: string) => console.log(name);
}

export enum Level { Low = 1, High }

export namespace inner {
  export const twice = (x: number) => x * 2;
}
