/**
 * What the reference would not let pass.
 *
 * @module
 */
export function undocumented(): void {}
