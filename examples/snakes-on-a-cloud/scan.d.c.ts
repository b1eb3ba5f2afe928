// Written by lander pack --types, from scan.c.
import type { KernelFunction } from 'lander/agent'

export declare const scan: KernelFunction<'unsigned(unsigned, const uint8_t*, size_t, uint32_t*, size_t)'>
