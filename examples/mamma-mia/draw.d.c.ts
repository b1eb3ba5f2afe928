export function draw(
  keyLow: number,
  keyHigh: number,
  index: number,
  discs: number,
  trees: number,
  reached: Uint32Array,
): number
