// Written by lander pack --types, from delays-kernel.c.
import type { KernelFunction } from 'lander/agent'

export declare const end_line: KernelFunction<'int()'>
export declare const begin_object: KernelFunction<'int()'>
export declare const read_piece: KernelFunction<'int(const uint8_t*, size_t)'>
export declare const list_routes: KernelFunction<'size_t(uint32_t*, size_t, uint32_t*, size_t, uint32_t*, size_t, double*, size_t)'>
