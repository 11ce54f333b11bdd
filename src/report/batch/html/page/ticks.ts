const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000];
const minute = 60_000;
const longSteps = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440].map((minutes) => minutes * minute);

/** Round moments between two, no more than so many. */
export function ticksBetween(fromMs: number, toMs: number, most: number): number[] {
  const span = toMs - fromMs;
  const fits = (step: number) => span / step <= most;
  const step = [...steps, ...longSteps].find(fits) ?? Math.ceil(span / most);
  const first = Math.ceil(fromMs / step) * step;
  const count = Math.max(0, Math.floor((toMs - first) / step) + 1);
  return Array.from({ length: count }, (_, at) => first + at * step);
}

/** `0`, `250 ms`, `1.5 s`, `2:30`, `1:02:30` since the start. */
export function tickText(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1000) return `${ms} ms`;
  if (ms < minute) return `${ms / 1000} s`;
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const end = two(seconds % 60);
  return hours === 0 ? `${minutes}:${end}` : `${hours}:${two(minutes)}:${end}`;
}
