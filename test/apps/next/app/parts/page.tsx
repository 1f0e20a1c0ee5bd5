export const metadata = { title: 'Parts' };

export default function Parts() {
  return <h1>Parts</h1>;
}
