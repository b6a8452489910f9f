// A shopping cart: the TypeScript part of the demo.

export interface Line {
  name: string;
  price: number; // of one piece, in cents
  quantity: number;
}

export class Cart {
  private lines: Line[] = [];

  add(line: Line): void {
    this.lines.push(line);
  }

  remove(name: string): void {
    this.lines = this.lines.filter((line) => line.name !== name);
  }

  total(): number {
    return this.lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
  }

  isEmpty(): boolean {
    return this.lines.length === 0;
  }
}
