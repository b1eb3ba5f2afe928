// Written by lander pack --types, from fib.c.
import type { KernelFunction } from 'lander/agent'

export declare const fib: KernelFunction<'int(int)'>
