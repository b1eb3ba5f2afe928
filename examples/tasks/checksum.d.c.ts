// Written by lander pack --types, from checksum.c.
import type { KernelFunction } from 'lander/agent'

export declare const crc32: KernelFunction<'unsigned(unsigned, const uint8_t*, size_t)'>
