import React, { useState } from "react";
import { Button } from "../ui/button";
import type { Todo } from "./model";

interface Props {
  items: Todo[];
  onDone(item: Todo): void;
}

const LIMIT = 20;

/** One entry – with a button. */
function Entry({ item, onDone }: { item: Todo; onDone: Props["onDone"] }) {
  return (
    <li className="entry">
      <Button label="✓" onClick={() => onDone(item)} />
    </li>
  );
}

export const List: React.FC<Props> = ({ items, onDone }) => {
  const [open, setOpen] = useState<boolean>(false);
  const shown = items.slice(0, LIMIT);

  const toggle = () => {
    setOpen(!open);
  };

  return (
    <section onClick={toggle}>
      <h1>Übersicht</h1>
      {shown.map((item) => (
        <Entry key={item.id} item={item} onDone={onDone} />
      ))}
    </section>
  );
};

export default class Page extends React.Component<Props> {
  state = { ready: false };

  render() {
    return <List {...this.props} />;
  }
}
