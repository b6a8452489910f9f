import type { Clock } from "./clock";
import { Injectable, inject as get } from "@app/di";
import config = require("./config");

export type Id = string | number;

/** What can be stored. */
export interface Entity<T = Id> extends Base {
  readonly id: T;
  label?: string;
  rename(name: string): void;
}

export enum Colour {
  Red,
  Green = "grün",
}

export namespace Shapes {
  export const UNIT = 1;
  export function area(side: number): number {
    return side * UNIT;
  }
}

declare function later(run: () => void): Promise<void>;

@Injectable()
export abstract class Repository<T extends Entity> implements Store<T> {
  private items: Map<Id, T> = new Map();
  static readonly limit = 10;

  constructor(private readonly clock: Clock) {}

  abstract find(id: Id): T | undefined;

  handle = async (event: Event): Promise<void> => {
    await later(() => this.save(event as unknown as T));
  };

  save(item: T): void {
    this.items.set(item.id, item);
    get<Logger>("log").info(`saved ${Shapes.area(2)}`);
  }
}

export class Users extends Repository<User> {
  find(id: Id): User | undefined {
    return undefined;
  }
}

// Makes a repository, “fresh”.
export const make = (clock: Clock): Users => new Users(clock);

export const DEFAULT: Colour = Colour.Red;
