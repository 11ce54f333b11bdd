/** The commands that look after running tasks, loaded as one: each piece that is loaded costs every start a little. */
export { logs } from './logs.ts';
export { ps } from './ps.ts';
export { stop } from './stop.ts';
