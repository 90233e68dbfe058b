import type { Random } from '../ports.ts'

/** Chance for jitter and sampling; nothing secret is made from it. */
export const random: Random = () => Math.random()
