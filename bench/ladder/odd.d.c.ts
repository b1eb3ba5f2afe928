// Written by lander pack --types, from odd.c.
import type { KernelFunction } from 'lander/agent'

export declare const odd: KernelFunction<'size_t(const uint8_t*, size_t)'>
