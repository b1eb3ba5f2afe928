// Written by lander pack --types, from draw.c.
import type { KernelFunction } from 'lander/agent'

export declare const draw: KernelFunction<'int(unsigned, unsigned, unsigned, unsigned, unsigned, uint32_t*, size_t)'>
