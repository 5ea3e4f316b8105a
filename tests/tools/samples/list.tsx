import { useState, type ReactNode } from "react";

/** What is shown. */
export interface Props<T> {
  items: readonly T[];
  render?: (item: T) => ReactNode; // optional
}

export function List<T extends { id: string }>({ items, render }: Props<T>): ReactNode {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <ul className="list">
      {items.map((item) => (
        <li key={item.id} onClick={() => setOpen(item.id)}>
          {open === item.id ? `open: ${item.id}` : render?.(item)}
        </li>
      ))}
    </ul>
  );
}

export const Empty = () => <p>nothing &amp; nobody</p>;
