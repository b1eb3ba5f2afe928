// Written by lander pack --types, from newlines.c.
import type { KernelFunction } from 'lander/agent'

export declare const newlines: KernelFunction<'size_t(const uint8_t*, size_t)'>
