<?php

declare(strict_types=1);

namespace App\Orders;

use App\Base\Entity;
use App\Support\{Clock, Logger as Log};
use function App\helpers\money;
use Psr\Container\ContainerInterface as Container;

require_once __DIR__ . '/bootstrap.php';
require 'vendor/autoload.php';

const LIMIT = 10;

interface Priced
{
    public function price(): int;
}

trait Counts
{
    private int $count = 0;
}

/**
 * An order – größer.
 *
 * Not final.
 */
#[Route('/orders')]
class Order extends Entity implements Priced, \JsonSerializable
{
    use Counts;

    public const OPEN = 'open';
    protected array $lines = [];

    public function __construct(private readonly Clock $clock, ?Log $log = null)
    {
        parent::__construct();
        $log?->info(static::class);
    }

    /** Adds a line. */
    public function add(Line $line, int $count = 1): static
    {
        $before = $this->price();
        $this->lines[] = new Line($line->name, $count);
        return $this;
    }

    public function price(): int
    {
        return array_sum(array_map(fn (Line $l) => money($l), $this->lines)) + Line::free();
    }
}

enum State: string
{
    case Open = Order::OPEN;
    case Paid = 'paid';
}

function main(Container $container): void
{
    $order = $container->get(Order::class);
    echo $order->price();
}
