import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'

/** Puts one object in one request. @throws the SDK's own error */
export async function putObject(
  client: S3Client,
  { bucket, key, body }: { readonly bucket: string; readonly key: string; readonly body: string | Uint8Array },
): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}
