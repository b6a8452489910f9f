/** Runs programs to their end, and reports their output line by line. */
import { spawn } from "node:child_process";
import type * as vscode from "vscode";

export type Run = Readonly<
  Partial<{ env: NodeJS.ProcessEnv; cwd: string; line: (text: string) => void; token: vscode.CancellationToken }>
>;

/** A program could not be started, failed or was cancelled. `output` is everything that it printed. */
export class RunError extends Error {
  output = "";
  cancelled = false;
}

/** Run a program and return its output. Throws `RunError`. Cancelling also ends its child processes. */
export async function run(program: string, words: readonly string[], how: Run = {}): Promise<string> {
  const detached = process.platform !== "win32"; // its own process group, to end pip's compilers too
  const env = { ...process.env, NO_COLOR: "1", ...how.env };
  const child = spawn(program, words, { env, cwd: how.cwd, stdio: ["ignore", "pipe", "pipe"], detached });
  const stop = how.token?.onCancellationRequested(() =>
    detached && child.pid ? process.kill(-child.pid) : child.kill(),
  );
  let output = "";
  const took = (text: string): void => {
    output += text;
    for (const line of text.split(/[\r\n]+/)) if (line.trim()) how.line?.(line.trimEnd());
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", took);
  const why = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? "" : `${program} ended with ${String(code ?? signal)}`));
  });
  stop?.dispose();
  if (!why) return output;
  throw Object.assign(new RunError(why), { output, cancelled: how.token?.isCancellationRequested ?? false });
}
