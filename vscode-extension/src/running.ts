/** Programs of the machine, run to their end, with what they print told line by line. */
import { spawn } from "node:child_process";
import type * as vscode from "vscode";

export interface Run {
  readonly environ?: Record<string, string>;
  readonly line?: (text: string) => void;
  readonly token?: vscode.CancellationToken;
}

/** A program that could not be started, failed or was cancelled; `output` is all that it printed. */
export class RunError extends Error {
  override readonly name = "RunError";
  output = "";
  cancelled = false;
}

/** What a program prints, once it ended well. Throws `RunError`. Cancelling ends its children too. */
export function run(program: string, words: readonly string[], how: Run = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const detached = process.platform !== "win32"; // a group of its own: pip leaves compilers behind
    const env = { ...process.env, NO_COLOR: "1", ...how.environ };
    const child = spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"], detached });
    let output = "";
    const took = (text: string): void => {
      output += text;
      for (const line of text.split(/[\r\n]+/)) if (line.trim()) how.line?.(line.trimEnd());
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", took);
    const cancel = how.token?.onCancellationRequested(() =>
      detached && child.pid ? process.kill(-child.pid) : child.kill(),
    );
    const ended = (why: string): void => {
      cancel?.dispose();
      const cancelled = how.token?.isCancellationRequested ?? false;
      if (why) reject(Object.assign(new RunError(why), { output, cancelled }));
      else resolve(output);
    };
    child.on("error", (error) => ended(error.message));
    child.on("close", (code, signal) => ended(code === 0 ? "" : `${program} ended with ${String(code ?? signal)}`));
  });
}
