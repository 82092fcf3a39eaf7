/** Tells a person what set-up is doing: a line for each finished step, and on a terminal a live line below them. */

/** `stopped`: another step failed, and this one was ended for it. */
type Outcome = "done" | "failed" | "stopped";

const signs: Readonly<Record<Outcome, string>> = { done: "✓", failed: "✗", stopped: "–" };

export interface Progress {
  /** Marks a step as running until the returned function is called with its outcome. */
  begin(title: string): (outcome: Outcome) => void;
  /** One line that stays. */
  say(line: string): void;
  /** Takes the live line away. */
  close(): void;
}

/** The part of a stream that is needed here; `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

interface ProgressOptions {
  readonly terminal: Terminal;
  readonly now?: () => number;
}

const redrawMs = 120;
const eraseLine = "\r\u001b[2K";

export function createProgress({ terminal, now = Date.now }: ProgressOptions): Progress {
  const running = new Map<symbol, { title: string; since: number }>();
  const isLive = terminal.isTTY === true;
  let timer: NodeJS.Timeout | undefined;

  const draw = () => {
    if (!isLive) return;
    const steps = [...running.values()].map(({ title, since }) => `${title} (${duration(now() - since)})`);
    const line = steps.length === 0 ? "" : `… ${steps.join(" · ")}`;
    terminal.write(eraseLine + line.slice(0, Math.max((terminal.columns ?? 80) - 1, 10)));
  };
  const say = (line: string) => {
    terminal.write(`${isLive ? eraseLine : ""}${line}\n`);
    draw();
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };

  return {
    say,
    begin(title) {
      const key = Symbol(title);
      const since = now();
      running.set(key, { title, since });
      if (isLive) timer ??= setInterval(draw, redrawMs).unref();
      else say(`… ${title}`);
      draw();
      return (outcome) => {
        running.delete(key);
        if (running.size === 0) stop();
        say(`${signs[outcome]} ${title} (${duration(now() - since)})`);
      };
    },
    close() {
      stop();
      if (isLive) terminal.write(eraseLine);
    },
  };
}

/** Milliseconds as a person says them: `0.4 s`, `12 s`, `3 min 07 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
